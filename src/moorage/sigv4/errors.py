"""Why a signature is not taken: one fact each, and ``str()`` is AWS's own sentence.

No sentence repeats a signature, a session token or an unknown ``Authorization`` header: sentences end up in logs.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from moorage.domain.errors import RegistryError
from moorage.sigv4.moment import basic


class SignatureRefused(RegistryError):
    """Whatever of the kinds below."""


class SignatureMissing(SignatureRefused):
    def __init__(self) -> None:
        super().__init__("Missing Authentication Token")


class SignatureIncomplete(SignatureRefused):
    """The signature's form cannot be read, contradicts itself, or leaves out what it must cover."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class SignatureMismatch(SignatureRefused):
    def __init__(self) -> None:
        super().__init__(
            "The request signature we calculated does not match the signature you provided."
            " Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
        )


class SignatureExpired(SignatureRefused):
    """Signed at ``at``, good for ``lasting``, and now it is ``now``."""

    def __init__(self, at: datetime, *, now: datetime, lasting: timedelta) -> None:
        super().__init__(
            f"Signature expired: {basic(at)} is now earlier than {basic(now - lasting)}"
            f" ({basic(now)} - {_length(lasting)})"
        )
        self.at, self.now, self.lasting = at, now, lasting


class SignatureNotYetCurrent(SignatureRefused):
    """Signed at ``at``, which is more than ``skew`` after ``now``."""

    def __init__(self, at: datetime, *, now: datetime, skew: timedelta) -> None:
        super().__init__(
            f"Signature not yet current: {basic(at)} is still later than {basic(now + skew)}"
            f" ({basic(now)} + {_length(skew)})"
        )
        self.at, self.now, self.skew = at, now, skew


class WrongScope(SignatureRefused):
    """The credential scope names another day, region, service or ending than this request has."""

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__(" ".join(self.sentences))


def _length(duration: timedelta) -> str:
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    return f"{minutes * 60 + seconds} sec." if seconds else f"{minutes} min."
