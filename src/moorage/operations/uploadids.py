"""Ids of uploads: opening one writes nothing, because its id proves that we opened it, when, and for whom.

An id looks like a UUID, as ECR's do. It carries the time, a little chance, and a mark made of both with the owner and
the repository, under the key ring. The first part makes a row of it; until then it is good for a day.
"""

import hmac
from hashlib import sha256

from moorage.domain.layer import Upload
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.keyring import Purpose

LIFETIME = 24 * 3600 * 1_000_000  # µs: an upload without a row, and the memory of one that is over
_TIME, _CHANCE, _MARK = 6, 4, 6  # bytes, 16 together
_UNIT = 1000  # µs that the time is counted in
_LENGTH = 36  # letters
_SKEW = 300 * 1_000_000  # µs that another machine's clock may be ahead


def new_id(env: Env, granted: Granted) -> str:
    head = (granted.call.at // _UNIT).to_bytes(_TIME, "big") + env.ids.chance(_CHANCE)
    return _spelled(head + env.keyring.mark(Purpose.UPLOAD, _said(granted, head))[:_MARK])


def opened(env: Env, granted: Granted, upload_id: str) -> Upload | None:
    """Give the upload that has this id and no row yet; None where we never opened it, or too long ago.

    Another spelling of an id that we gave is none of ours: it would be an upload of its own, and go into headers.
    """
    if len(upload_id) != _LENGTH:
        return None
    try:
        raw = bytes.fromhex(upload_id.replace("-", ""))
    except ValueError:
        return None
    head, mark = raw[: _TIME + _CHANCE], raw[_TIME + _CHANCE :]
    at = int.from_bytes(head[:_TIME], "big") * _UNIT
    if _spelled(raw) != upload_id or not at - _SKEW <= granted.call.at <= at + LIFETIME:
        return None
    said = _said(granted, head)
    if not any(hmac.compare_digest(known[:_MARK], mark) for known in env.keyring.marks(Purpose.UPLOAD, said)):
        return None
    small = b"" if env.small_blobs else None
    return Upload(upload_id, granted.caller.unique_id, _draft_of(granted, upload_id), small=small)


def _spelled(raw: bytes) -> str:
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _said(granted: Granted, head: bytes) -> bytes:
    place = granted.key
    return f"{place.account}|{place.region}|{place.id}|{granted.caller.unique_id}|{head.hex()}".encode()


def _draft_of(granted: Granted, upload_id: str) -> str:
    """Name the draft by the upload alone: whoever writes to it locks the same file, before there is a row."""
    place = granted.key
    return sha256(f"{place.account}|{place.region}|{place.id}|{upload_id}".encode()).hexdigest()[:32]
