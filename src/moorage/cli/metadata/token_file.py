"""The file of the authorization token that clients of the container credentials endpoint have to send."""

import os
import re
import secrets
from pathlib import Path
from stat import S_ISREG
from typing import Final

from moorage.cli.refused import Refused

_EVERYBODY: Final = 0o007
_LONGEST: Final = 4096
_TOKEN: Final = re.compile(rb"[\x21-\x7e]{16,4096}")


def ensure_token(path: Path) -> str:
    """Read the token, or make one for the owner alone.

    The file's group may read it: the programs that send it need not be the owner's.

    Raises:
        Refused

    """
    try:
        return _make(path)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise Refused(f"the authorization token cannot be written to {path}: {error.strerror}") from None


def _make(path: Path) -> str:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    token = secrets.token_urlsafe(32)
    with open(os.open(path, flags, 0o600), "w", encoding="ascii") as file:  # noqa: PTH123 - a Path opens no descriptor
        try:
            file.write(token)  # without a line's end: SDKs send the file as it is, and refuse one that has any
            file.flush()
            os.fsync(file.fileno())
        except OSError:  # a file with half of a token would stop each start to come
            path.unlink(missing_ok=True)
            raise
    return token


def _read(path: Path) -> str:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123 - as above
            told = os.fstat(file.fileno())
            if not S_ISREG(told.st_mode):
                raise Refused(f"{path} is no file")
            if told.st_uid not in {0, os.geteuid()}:  # who could have written it knows it
                raise Refused(f"the authorization token in {path} belongs to the user {told.st_uid}")
            if told.st_mode & _EVERYBODY:
                raise Refused(f"the authorization token in {path} is open to everybody: run chmod o= {path}")
            raw = file.read(_LONGEST + 1)
    except OSError as error:
        raise Refused(f"the authorization token in {path} cannot be read: {error.strerror}") from None
    if _TOKEN.fullmatch(raw) is None:
        raise Refused(f"{path} holds no authorization token: 16 characters or more, with no space or line's end")
    return raw.decode("ascii")
