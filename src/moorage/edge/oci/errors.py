"""How facts are told over ``/v2/``: status and code by table, one for each profile (spec/ecr/errors.md part 2)."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from moorage.domain import errors as fact
from moorage.domain.identityfacts import IdentityFact
from moorage.domain.profile import Profile
from moorage.domain.strictjson import NotStrictJson
from moorage.edge.http.response import Header, Response
from moorage.edge.http.words import sentence
from moorage.policy.errors import MalformedPolicy
from moorage.sigv4.errors import SignatureRefused


@dataclass(frozen=True, slots=True)
class OciError:
    """A status and the specification's code."""

    status: int
    code: str


_UNSUPPORTED = OciError(405, "UNSUPPORTED")
_DENIED = OciError(403, "DENIED")
_UPLOAD_INVALID = OciError(400, "BLOB_UPLOAD_INVALID")

COMMON: Mapping[type[fact.RegistryError], OciError] = {
    fact.AccessDenied: _DENIED,
    fact.TokenExpired: _DENIED,
    IdentityFact: _DENIED,
    fact.TokenOfAnotherRegion: _DENIED,
    fact.RegionNotServed: _DENIED,
    fact.CredentialsMissing: OciError(401, "UNAUTHORIZED"),
    fact.CredentialUnknown: OciError(401, "UNAUTHORIZED"),
    fact.RepositoryNotFound: OciError(404, "NAME_UNKNOWN"),
    fact.ImageNotFound: OciError(404, "MANIFEST_UNKNOWN"),
    fact.ImageDigestMismatch: OciError(400, "MANIFEST_INVALID"),
    fact.LayersNotFound: OciError(404, "MANIFEST_BLOB_UNKNOWN"),
    fact.ReferencedImagesNotFound: OciError(404, "MANIFEST_BLOB_UNKNOWN"),
    fact.TagImmutable: OciError(400, "TAG_INVALID"),
    fact.InvalidTag: OciError(400, "TAG_INVALID"),
    fact.LayerNotFound: OciError(404, "BLOB_UNKNOWN"),
    fact.LayerInaccessible: OciError(404, "BLOB_UNKNOWN"),
    fact.LayerReferenced: _UNSUPPORTED,
    fact.LayerDigestMismatch: OciError(400, "DIGEST_INVALID"),
    fact.InvalidDigest: OciError(400, "DIGEST_INVALID"),
    fact.UploadNotFound: OciError(404, "BLOB_UPLOAD_UNKNOWN"),
    fact.UploadOutOfOrder: OciError(416, "BLOB_UPLOAD_INVALID"),
    fact.UploadBusy: OciError(416, "BLOB_UPLOAD_INVALID"),
    fact.UploadEmpty: _UPLOAD_INVALID,
    fact.LayerPartTooSmall: _UPLOAD_INVALID,
    fact.LayerPartsExceeded: _UPLOAD_INVALID,
    fact.LayerTooLarge: OciError(413, "SIZE_INVALID"),
    fact.AnswerTooLarge: _DENIED,
    fact.QuotaExceeded: _DENIED,
    fact.RegistryFull: _DENIED,
    fact.MalformedRequest: OciError(400, "UNSUPPORTED"),
    NotStrictJson: OciError(400, "UNSUPPORTED"),
    fact.BodyTooLarge: OciError(413, "SIZE_INVALID"),
    fact.BodyTooSlow: OciError(408, "UNKNOWN"),
    fact.RouteUnknown: OciError(404, "UNSUPPORTED"),
    fact.MethodUnknown: _UNSUPPORTED,
    # 404 and not 501: clients that look for the referrers API fall back to the tag schema on it.
    fact.OperationNotBuilt: OciError(404, "UNSUPPORTED"),
    fact.StorageFull: OciError(503, "UNAVAILABLE"),
    fact.TooBusy: OciError(429, "TOOMANYREQUESTS"),
    fact.LinkExpired: _DENIED,
    fact.DenialNotFound: _DENIED,
    # Facts of the JSON and query edges, told here only if a handler of this edge ever causes them.
    fact.RepositoryAlreadyExists: _DENIED,
    fact.RepositoryNotEmpty: _DENIED,
    fact.RepositoryPolicyNotFound: _DENIED,
    fact.RegistryPolicyNotFound: _DENIED,
    fact.InvalidResourceTag: _DENIED,
    fact.TooManyResourceTags: _DENIED,
    fact.OperationUnknown: OciError(404, "UNSUPPORTED"),
    fact.AccountExists: _DENIED,
    fact.EntityNotFound: _DENIED,
    fact.EntityAlreadyExists: _DENIED,
    fact.DeleteConflict: _DENIED,
    SignatureRefused: OciError(401, "UNAUTHORIZED"),
    MalformedPolicy: _UNSUPPORTED,
}

OCI_ERRORS: Mapping[Profile, Mapping[type[fact.RegistryError], OciError]] = {
    Profile.ECR: {
        **COMMON,
        # What breaks a parameter's rule is 405 here.
        fact.InvalidParameter: _UNSUPPORTED,
        fact.ValidationFailed: _UNSUPPORTED,
        fact.InvalidRepositoryName: _UNSUPPORTED,
        fact.InvalidAccountId: _UNSUPPORTED,
        fact.InvalidRegion: _UNSUPPORTED,
        fact.ManifestInvalid: _UNSUPPORTED,
        fact.ManifestTooLarge: _UNSUPPORTED,
        fact.ImageReferenced: _UNSUPPORTED,
    },
    Profile.OCI: {
        **COMMON,
        fact.InvalidParameter: OciError(400, "UNSUPPORTED"),
        fact.ValidationFailed: OciError(400, "UNSUPPORTED"),
        fact.InvalidRepositoryName: OciError(400, "NAME_INVALID"),
        fact.InvalidAccountId: OciError(400, "NAME_INVALID"),
        fact.InvalidRegion: OciError(400, "NAME_INVALID"),
        fact.ManifestInvalid: OciError(400, "MANIFEST_INVALID"),
        fact.ManifestTooLarge: OciError(413, "MANIFEST_INVALID"),
        fact.ImageReferenced: _UNSUPPORTED,
    },
}

VERSION: Header = ("docker-distribution-api-version", "registry/2.0")
_JSON: Header = ("content-type", "application/json; charset=utf-8")
_RETRY_FULL = 30  # seconds


def find(profile: Profile, error: fact.RegistryError) -> OciError:
    """Find a fact's row, or the row of the family it belongs to."""
    table = OCI_ERRORS[profile]
    for kind in type(error).__mro__:
        if kind in table:
            return table[kind]
    return OciError(500, "UNKNOWN")


def response(profile: Profile, error: fact.RegistryError, request_id: str = "") -> Response:
    """Tell a fact in the specification's form and ECR's words; a denial is told with the id to ask about it by."""
    row = find(profile, error)
    message = "Requested image not found" if isinstance(error, fact.ImageNotFound) else sentence(error)
    told: dict[str, object] = {"code": row.code, "message": message}
    extra = _extra(error)
    if isinstance(error, fact.AccessDenied) and request_id:
        told["detail"] = {"requestId": request_id}
        extra = (("x-amzn-requestid", request_id),)
    return Response(row.status, (_JSON, VERSION, *extra), msgspec.json.encode({"errors": [told]}), code=row.code)


def _extra(error: fact.RegistryError) -> tuple[Header, ...]:
    if isinstance(error, fact.MethodUnknown):
        return (("allow", ", ".join(error.allowed)),)
    if isinstance(error, fact.TooBusy):
        return (("retry-after", str(error.retry_after)),)
    if isinstance(error, fact.StorageFull):
        return (("retry-after", str(_RETRY_FULL)),)
    if isinstance(error, fact.UploadOutOfOrder):
        return (("range", f"0-{max(error.expected - 1, 0)}"),)
    return ()


def challenge(profile: Profile, realm: str) -> Response:
    """Ask for credentials as ECR does: Basic; in plain text, where the specification has JSON."""
    asking: Header = ("www-authenticate", f'Basic realm="{realm}",service="ecr.amazonaws.com"')
    if profile is Profile.OCI:
        body = msgspec.json.encode({"errors": [{"code": "UNAUTHORIZED", "message": "Not Authorized"}]})
        return Response(401, (asking, VERSION, _JSON), body, code="UNAUTHORIZED")
    headers = (asking, VERSION, ("content-type", "text/plain; charset=utf-8"))
    return Response(401, headers, b"Not Authorized\n", code="UNAUTHORIZED")
