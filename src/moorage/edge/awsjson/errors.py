"""How facts are told in AWS JSON 1.1: code and status by table (spec/ecr/errors.md part 1)."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from moorage.domain import errors as fact
from moorage.domain.errors import Place
from moorage.domain.identityfacts import IdentityFact, SessionExpired
from moorage.domain.strictjson import NotStrictJson
from moorage.edge.http.response import Header, Response
from moorage.edge.http.words import sentence
from moorage.policy.errors import MalformedPolicy
from moorage.sigv4 import errors as signature


class AwsError(NamedTuple):
    """A shape's name and the HTTP status; every modelled error is 400."""

    code: str
    status: int = 400


_PARAMETER = AwsError("InvalidParameterException")
_SIGNATURE = AwsError("InvalidSignatureException")
_UNRECOGNIZED = AwsError("UnrecognizedClientException")
_DENIED = AwsError("AccessDeniedException")

JSON_ERRORS: Mapping[type[fact.RegistryError], AwsError] = {
    fact.InvalidParameter: _PARAMETER,
    fact.ValidationFailed: _PARAMETER,
    fact.InvalidAccountId: _PARAMETER,
    fact.InvalidRegion: _PARAMETER,
    fact.InvalidRepositoryName: _PARAMETER,
    fact.InvalidTag: _PARAMETER,
    fact.InvalidDigest: _PARAMETER,
    fact.ManifestInvalid: _PARAMETER,
    fact.ManifestTooLarge: _PARAMETER,
    MalformedPolicy: _PARAMETER,
    fact.MalformedRequest: AwsError("SerializationException"),
    NotStrictJson: AwsError("SerializationException"),
    fact.BodyTooLarge: AwsError("RequestEntityTooLargeException", 413),
    fact.BodyTooSlow: AwsError("RequestTimeoutException", 408),
    fact.RouteUnknown: AwsError("UnknownOperationException", 404),
    fact.MethodUnknown: AwsError("UnknownOperationException", 405),
    fact.OperationUnknown: AwsError("UnknownOperationException"),
    fact.OperationNotBuilt: AwsError("UnsupportedOperationException"),
    fact.CredentialsMissing: AwsError("MissingAuthenticationTokenException"),
    fact.CredentialUnknown: _UNRECOGNIZED,
    fact.TokenExpired: AwsError("ExpiredTokenException"),
    SessionExpired: AwsError("ExpiredTokenException"),
    IdentityFact: _PARAMETER,
    fact.TokenOfAnotherRegion: _SIGNATURE,
    fact.RegionNotServed: _SIGNATURE,
    fact.AccessDenied: _DENIED,
    fact.LinkExpired: _DENIED,
    signature.SignatureMissing: AwsError("MissingAuthenticationTokenException"),
    signature.SignatureIncomplete: AwsError("IncompleteSignatureException"),
    signature.SignatureRefused: _SIGNATURE,
    fact.RepositoryNotFound: AwsError("RepositoryNotFoundException"),
    fact.RepositoryAlreadyExists: AwsError("RepositoryAlreadyExistsException"),
    fact.RepositoryNotEmpty: AwsError("RepositoryNotEmptyException"),
    fact.RepositoryPolicyNotFound: AwsError("RepositoryPolicyNotFoundException"),
    fact.RegistryPolicyNotFound: AwsError("RegistryPolicyNotFoundException"),
    fact.InvalidResourceTag: AwsError("InvalidTagParameterException"),
    fact.TooManyResourceTags: AwsError("TooManyTagsException"),
    fact.ImageNotFound: AwsError("ImageNotFoundException"),
    fact.ImageDigestMismatch: AwsError("ImageDigestDoesNotMatchException"),
    fact.ImageReferenced: _PARAMETER,
    fact.TagImmutable: AwsError("ImageTagAlreadyExistsException"),
    fact.LayersNotFound: AwsError("LayersNotFoundException"),
    fact.ReferencedImagesNotFound: AwsError("ReferencedImagesNotFoundException"),
    fact.LayerNotFound: AwsError("LayersNotFoundException"),
    fact.LayerInaccessible: AwsError("LayerInaccessibleException"),
    fact.LayerReferenced: _PARAMETER,
    fact.LayerDigestMismatch: AwsError("InvalidLayerException"),
    fact.LayerPartTooSmall: AwsError("LayerPartTooSmallException"),
    fact.LayerTooLarge: AwsError("LimitExceededException"),
    fact.LayerPartsExceeded: AwsError("LimitExceededException"),
    fact.AnswerTooLarge: AwsError("LimitExceededException"),
    fact.QuotaExceeded: AwsError("LimitExceededException"),
    fact.RegistryFull: AwsError("LimitExceededException"),
    fact.UploadNotFound: AwsError("UploadNotFoundException"),
    fact.UploadEmpty: AwsError("EmptyUploadException"),
    fact.UploadOutOfOrder: AwsError("InvalidLayerPartException"),
    fact.UploadBusy: AwsError("InvalidLayerPartException"),
    fact.AccountExists: _PARAMETER,
    fact.StorageFull: AwsError("ServiceUnavailable", 503),
    fact.TooBusy: AwsError("ServiceUnavailable", 503),
    fact.DenialNotFound: AwsError("ResourceNotFoundException"),
    fact.EntityNotFound: AwsError("ResourceNotFoundException"),
    # Facts of the query edge, told here only if a handler of this edge ever causes them.
    fact.EntityAlreadyExists: _PARAMETER,
    fact.DeleteConflict: _PARAMETER,
}


class Refusal(Exception):
    """What succeeds on ``/v2/`` and is an error of this protocol alone."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def image_exists(place: Place, digest: str, tag: str | None) -> Refusal:
    shown = "null" if tag is None else tag
    # "in registry" and not "in the registry": AWS's own words.
    message = (
        f"Image with digest '{digest}' and tag '{shown}' already exists in the repository with name '{place.name}' "
        f"in registry with id '{place.account}'"
    )
    return Refusal("ImageAlreadyExistsException", message)


def layer_exists(place: Place, digest: str) -> Refusal:
    message = (
        f"Layer with digest '{digest}' already exists in the repository with name '{place.name}' in the registry with "
        f"id '{place.account}'"
    )
    return Refusal("LayerAlreadyExistsException", message)


def find(error: fact.RegistryError) -> AwsError:
    """Find a fact's row, or the row of the family it belongs to."""
    for kind in type(error).__mro__:
        if kind in JSON_ERRORS:
            return JSON_ERRORS[kind]
    return AwsError("ServerException", 500)


def response(error: fact.RegistryError, request_id: str) -> Response:
    row = find(error)
    headers: tuple[Header, ...] = ()
    if isinstance(error, fact.TooBusy):
        headers = (("retry-after", str(error.retry_after)),)
    return write(row, sentence(error), request_id, members=_members(error), headers=headers)


def refuse(refusal: Refusal, request_id: str) -> Response:
    return write(AwsError(refusal.code), str(refusal), request_id)


def write(
    row: AwsError,
    message: str,
    request_id: str,
    *,
    members: Mapping[str, object] | None = None,
    headers: tuple[Header, ...] = (),
) -> Response:
    body = msgspec.json.encode({"__type": row.code, "message": message, **(members or {})})
    return Response(row.status, (*standard(request_id), *headers), body, code=row.code)


def standard(request_id: str) -> tuple[Header, ...]:
    return (("content-type", "application/x-amz-json-1.1"), ("x-amzn-requestid", request_id))


def _members(error: fact.RegistryError) -> Mapping[str, object]:
    """Give the members that a shape has beside its message."""
    if isinstance(error, fact.UploadOutOfOrder):
        return {
            "registryId": str(error.place.account),
            "repositoryName": str(error.place.name),
            "uploadId": error.upload_id,
            "lastValidByteReceived": max(error.expected - 1, 0),
        }
    return {}
