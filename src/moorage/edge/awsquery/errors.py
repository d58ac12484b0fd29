"""How facts are told in the query protocol: code and status by table (spec/ecr/operations.md section 5)."""

from collections.abc import Mapping
from typing import NamedTuple

from moorage.domain import errors as fact
from moorage.domain import identityfacts as identity
from moorage.domain.strictjson import NotStrictJson
from moorage.edge.awsquery.codec import encode_error
from moorage.edge.http.response import Header, Response
from moorage.edge.http.words import sentence
from moorage.policy.errors import MalformedPolicy
from moorage.sigv4 import errors as signature


class QueryError(NamedTuple):
    """A code and the HTTP status; whose fault it is follows from the status."""

    code: str
    status: int = 400


_VALIDATION = QueryError("ValidationError")
_SIGNATURE = QueryError("SignatureDoesNotMatch", 403)
_MISSING = QueryError("MissingAuthenticationToken", 403)
_DENIED = QueryError("AccessDenied", 403)
_NO_ENTITY = QueryError("NoSuchEntity", 404)
_EXISTS = QueryError("EntityAlreadyExists", 409)
_CONFLICT = QueryError("DeleteConflict", 409)
_LIMIT = QueryError("LimitExceeded", 409)
_ACTION = QueryError("InvalidAction")
_UNAVAILABLE = QueryError("ServiceUnavailable", 503)

FAILURE = QueryError("ServiceFailure", 500)

QUERY_ERRORS: Mapping[type[fact.RegistryError], QueryError] = {
    fact.ValidationFailed: _VALIDATION,
    fact.InvalidParameter: _VALIDATION,
    fact.InvalidAccountId: _VALIDATION,
    fact.InvalidRegion: _VALIDATION,
    MalformedPolicy: QueryError("MalformedPolicyDocument"),
    fact.MalformedRequest: QueryError("MalformedQueryString"),
    NotStrictJson: QueryError("MalformedQueryString"),
    fact.BodyTooLarge: QueryError("RequestEntityTooLarge", 413),
    fact.BodyTooSlow: QueryError("RequestTimeout", 408),
    fact.OperationUnknown: _ACTION,
    fact.OperationNotBuilt: _ACTION,
    signature.SignatureMissing: _MISSING,
    signature.SignatureIncomplete: QueryError("IncompleteSignature"),
    signature.SignatureRefused: _SIGNATURE,
    fact.CredentialsMissing: _MISSING,
    fact.CredentialUnknown: QueryError("InvalidClientTokenId", 403),
    fact.TokenExpired: QueryError("ExpiredToken", 403),
    fact.TokenOfAnotherRegion: _SIGNATURE,
    fact.RegionNotServed: _SIGNATURE,
    fact.AccessDenied: _DENIED,
    fact.EntityNotFound: _NO_ENTITY,
    fact.EntityAlreadyExists: _EXISTS,
    fact.DeleteConflict: _CONFLICT,
    fact.AnswerTooLarge: _LIMIT,
    fact.QuotaExceeded: _LIMIT,
    fact.RegistryFull: _LIMIT,
    fact.AccountExists: _EXISTS,
    fact.StorageFull: _UNAVAILABLE,
    fact.TooBusy: _UNAVAILABLE,
    identity.InvalidInput: QueryError("InvalidInput"),
    identity.Unmodifiable: QueryError("UnmodifiableEntity"),
    identity.PolicyNotAttachable: QueryError("PolicyNotAttachable"),
    identity.PackedPolicyTooLarge: QueryError("PackedPolicyTooLarge"),
    identity.SessionExpired: QueryError("ExpiredToken", 403),
    identity.IdentityTokenInvalid: QueryError("InvalidIdentityToken"),
    identity.IdentityTokenExpired: QueryError("ExpiredTokenException"),
    identity.IdentityRejected: QueryError("IDPRejectedClaim", 403),
    identity.ProviderUnreachable: QueryError("IDPCommunicationError"),
    # Facts of the registry, told here only if a handler of this edge ever causes them.
    fact.RouteUnknown: _ACTION,
    fact.MethodUnknown: QueryError("InvalidAction", 405),
    fact.LinkExpired: _DENIED,
    fact.DenialNotFound: _NO_ENTITY,
    fact.InvalidRepositoryName: _VALIDATION,
    fact.InvalidTag: _VALIDATION,
    fact.InvalidDigest: _VALIDATION,
    fact.ManifestInvalid: _VALIDATION,
    fact.ManifestTooLarge: _VALIDATION,
    fact.RepositoryNotFound: _NO_ENTITY,
    fact.RepositoryAlreadyExists: _EXISTS,
    fact.RepositoryNotEmpty: _CONFLICT,
    fact.RepositoryPolicyNotFound: _NO_ENTITY,
    fact.RegistryPolicyNotFound: _NO_ENTITY,
    fact.InvalidResourceTag: _VALIDATION,
    fact.TooManyResourceTags: _VALIDATION,
    fact.ImageNotFound: _NO_ENTITY,
    fact.ImageDigestMismatch: _VALIDATION,
    fact.ImageReferenced: _CONFLICT,
    fact.TagImmutable: _EXISTS,
    fact.LayersNotFound: _NO_ENTITY,
    fact.ReferencedImagesNotFound: _NO_ENTITY,
    fact.LayerNotFound: _NO_ENTITY,
    fact.LayerInaccessible: _NO_ENTITY,
    fact.LayerReferenced: _NO_ENTITY,
    fact.LayerDigestMismatch: _VALIDATION,
    fact.LayerPartTooSmall: _VALIDATION,
    fact.LayerTooLarge: _LIMIT,
    fact.LayerPartsExceeded: _LIMIT,
    fact.UploadNotFound: _NO_ENTITY,
    fact.UploadEmpty: _VALIDATION,
    fact.UploadOutOfOrder: _VALIDATION,
    fact.UploadBusy: _CONFLICT,
}

_SERVER_ERROR = 500
_RETRY_FULL = 30  # seconds


class Refusal(Exception):
    """What only this protocol has a word for."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def find(error: fact.RegistryError) -> QueryError:
    """Find a fact's row, or the row of the family it belongs to."""
    for kind in type(error).__mro__:
        if kind in QUERY_ERRORS:
            return QUERY_ERRORS[kind]
    return FAILURE


def response(error: fact.RegistryError, namespace: str, request_id: str) -> Response:
    return write(find(error), sentence(error), namespace, request_id, headers=_extra(error))


def refuse(refusal: Refusal, namespace: str, request_id: str) -> Response:
    return write(QueryError(refusal.code), str(refusal), namespace, request_id)


def write(
    row: QueryError, message: str, namespace: str, request_id: str, *, headers: tuple[Header, ...] = ()
) -> Response:
    kind = "Receiver" if row.status >= _SERVER_ERROR else "Sender"
    body = encode_error(namespace, kind, row.code, message, request_id)
    return Response(row.status, (*standard(request_id), *headers), body, code=row.code)


def standard(request_id: str) -> tuple[Header, ...]:
    return (("content-type", "text/xml"), ("x-amzn-requestid", request_id))


def _extra(error: fact.RegistryError) -> tuple[Header, ...]:
    if isinstance(error, fact.TooBusy):
        return (("retry-after", str(error.retry_after)),)
    if isinstance(error, fact.StorageFull):
        return (("retry-after", str(_RETRY_FULL)),)
    return ()
