"""SHA-256 and SHA-512 that can stop in one process and go on in another.

``hashlib`` cannot export its state, so libcrypto's own functions are used where the interpreter is linked to it: the
same speed, and a state of 112 or 216 bytes (design: dependencies, section 3). Where they are not found, or do not agree
with ``hashlib`` in the test at import, ``state`` is None and whoever goes on reads the draft again.
"""

import _hashlib  # the extension that carries libcrypto: its symbols are found through it
import ctypes
import hashlib
from typing import Protocol, Self

from moorage.domain.digest import Algorithm

_STATES = {Algorithm.SHA256: 112, Algorithm.SHA512: 216}  # bytes
_SIZES = {Algorithm.SHA256: 32, Algorithm.SHA512: 64}
# Whose state it is: another library's cannot be gone on from.
_MARKS = {Algorithm.SHA256: b"libcrypto-1:", Algorithm.SHA512: b"libcrypto-512-1:"}


class Hasher(Protocol):
    """A hash under way."""

    @property
    def algorithm(self) -> Algorithm: ...

    def update(self, piece: bytes) -> None: ...

    def hexdigest(self) -> str: ...

    def state(self) -> bytes | None:
        """Give the state to go on from, or None where it cannot be had."""
        ...


class PlainHasher:
    """``hashlib``'s, which must begin at the first byte."""

    def __init__(self, algorithm: Algorithm = Algorithm.SHA256) -> None:
        self.algorithm = algorithm
        self._hash = hashlib.new(algorithm)

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

    def __init__(self, algorithm: Algorithm = Algorithm.SHA256) -> None:
        self.algorithm = algorithm
        name = algorithm.upper()
        self._update = getattr(self._library, f"{name}_Update")
        self._context = ctypes.create_string_buffer(_STATES[algorithm])
        getattr(self._library, f"{name}_Init")(self._context)

    @classmethod
    def resume(cls, state: bytes, algorithm: Algorithm = Algorithm.SHA256) -> Self:
        hasher = cls(algorithm)
        hasher._context = ctypes.create_string_buffer(state.removeprefix(_MARKS[algorithm]), _STATES[algorithm])
        return hasher

    def update(self, piece: bytes) -> None:
        self._update(self._context, piece, ctypes.c_size_t(len(piece)))

    def hexdigest(self) -> str:
        last = ctypes.create_string_buffer(self._context.raw, _STATES[self.algorithm])  # finishing spoils the state
        found = ctypes.create_string_buffer(_SIZES[self.algorithm])
        getattr(self._library, f"{self.algorithm.upper()}_Final")(found, last)
        return found.raw.hex()

    def state(self) -> bytes:
        return _MARKS[self.algorithm] + self._context.raw


def _works(algorithm: Algorithm) -> bool:
    try:
        hasher = ResumableHasher(algorithm)
        hasher.update(b"moor" * 33)
        hasher = ResumableHasher.resume(hasher.state(), algorithm)
        hasher.update(b"age")
        return hasher.hexdigest() == hashlib.new(algorithm, b"moor" * 33 + b"age").hexdigest()
    except AttributeError:  # a libcrypto without these functions, or one that hides them
        return False


RESUMABLE = all(map(_works, Algorithm))


def begin(algorithm: Algorithm = Algorithm.SHA256) -> Hasher:
    return ResumableHasher(algorithm) if RESUMABLE else PlainHasher(algorithm)


def resume(state: bytes | None) -> Hasher | None:
    """Go on from an exported state; None when the bytes must be read again."""
    if state is None or not RESUMABLE:
        return None
    for algorithm, mark in _MARKS.items():
        if state.startswith(mark):
            return ResumableHasher.resume(state, algorithm)
    return None
