"""SHA-256 that can stop in one process and go on in another.

``hashlib`` cannot export its state, so libcrypto's own functions are used where the interpreter is linked to it: the
same speed, and a state of 112 bytes (design: dependencies, section 3). Where they are not found, or do not agree with
``hashlib`` in the test at import, ``state`` is None and whoever goes on reads the draft again.
"""

import _hashlib  # the extension that carries libcrypto: its symbols are found through it
import ctypes
import hashlib
from typing import Protocol, Self

_STATE = 112
_MARK = b"libcrypto-1:"  # whose state it is: another library's cannot be gone on from


class Hasher(Protocol):
    """A SHA-256 under way."""

    def update(self, piece: bytes) -> None: ...

    def hexdigest(self) -> str: ...

    def state(self) -> bytes | None:
        """Give the state to go on from, or None where it cannot be had."""
        ...


class PlainHasher:
    """``hashlib``'s, which must begin at the first byte."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, piece: bytes) -> None:
        self._hash.update(piece)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()

    def state(self) -> None:
        return None


class ResumableHasher:
    """libcrypto's, which can go on from a state."""

    # Where the extension is built into the interpreter it has no file: the program itself is searched then.
    _library = ctypes.CDLL(getattr(_hashlib, "__file__", None))

    def __init__(self) -> None:
        self._context = ctypes.create_string_buffer(_STATE)
        self._library.SHA256_Init(self._context)

    @classmethod
    def resume(cls, state: bytes) -> Self:
        hasher = cls()
        hasher._context = ctypes.create_string_buffer(state.removeprefix(_MARK), _STATE)
        return hasher

    def update(self, piece: bytes) -> None:
        self._library.SHA256_Update(self._context, piece, ctypes.c_size_t(len(piece)))

    def hexdigest(self) -> str:
        last = ctypes.create_string_buffer(self._context.raw, _STATE)  # finishing spoils the state
        found = ctypes.create_string_buffer(32)
        self._library.SHA256_Final(found, last)
        return found.raw.hex()

    def state(self) -> bytes:
        return _MARK + self._context.raw


def _works() -> bool:
    try:
        hasher = ResumableHasher()
        hasher.update(b"moor" * 33)
        hasher = ResumableHasher.resume(hasher.state())
        hasher.update(b"age")
        return hasher.hexdigest() == hashlib.sha256(b"moor" * 33 + b"age").hexdigest()
    except AttributeError:  # a libcrypto without these functions, or one that hides them
        return False


RESUMABLE = _works()


def begin() -> Hasher:
    return ResumableHasher() if RESUMABLE else PlainHasher()


def resume(state: bytes | None) -> Hasher | None:
    """Go on from an exported state; None when the bytes must be read again."""
    if state is None or not state.startswith(_MARK) or not RESUMABLE:
        return None
    return ResumableHasher.resume(state)
