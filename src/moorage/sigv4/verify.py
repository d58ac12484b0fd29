"""Whether a claim's signature was made with the secret of its key, over this very request."""

from hmac import compare_digest, digest

from moorage.sigv4.canonical import canonical_request, string_to_sign
from moorage.sigv4.claim import Claim
from moorage.sigv4.errors import SignatureMismatch
from moorage.sigv4.key import SigningKeys
from moorage.sigv4.moment import basic


def verify(claim: Claim, *, secret: str, body_sha256: str, keys: SigningKeys) -> None:
    """Make the signature again; ``body_sha256`` is of the body as received, whatever the request says of it.

    Raises:
        SignatureMismatch

    """
    request = canonical_request(claim.head, claim.signed_headers, body_sha256)
    text = string_to_sign(request, at=basic(claim.amz_date), region=claim.region, service=claim.service)
    expected = digest(keys.get(secret, claim.date, claim.region, claim.service), text, "sha256").hex()
    # Bytes, since compare_digest takes no text beyond ASCII; equality leaves only 64 lower-case hex digits.
    signature_holds = compare_digest(expected.encode(), claim.signature.encode("utf-8", "surrogatepass"))
    if not signature_holds or claim.declared_sha256 not in {None, body_sha256}:
        raise SignatureMismatch
