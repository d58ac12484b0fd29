"""Facts that stop an operation: one class per fact, carrying the facts, saying one lower-case sentence.

Edges turn these into wire codes by table (``edge/oci/errors.py``, ``edge/awsjson/errors.py``,
``edge/awsquery/errors.py``) and word them as AWS does, because AWS's wording is wire format; a test sees that no
fact is missing from a table.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class RegistryError(Exception):
    """Any fact that an edge must know how to tell."""


# What was asked cannot be read.


class InvalidAccountId(RegistryError):
    def __init__(self, text: str) -> None:
        super().__init__("an account id has twelve digits")
        self.text = text


class InvalidRegion(RegistryError):
    def __init__(self, text: str) -> None:
        super().__init__("that is no region's name")
        self.text = text


class InvalidRepositoryName(RegistryError):
    def __init__(self, text: str) -> None:
        super().__init__("that is no repository's name")
        self.text = text


class InvalidTag(RegistryError):
    def __init__(self, text: str) -> None:
        super().__init__("that is no tag")
        self.text = text


class InvalidDigest(RegistryError):
    def __init__(self, text: str) -> None:
        super().__init__("that is no digest")
        self.text = text


class InvalidParameter(RegistryError):
    """A member of a request breaks a rule; ``str()`` is ECR's own sentence (spec/ecr/errors.md section 1.3)."""

    def __init__(self, parameter: str, constraint: str) -> None:
        super().__init__(f"Invalid parameter at '{parameter}' failed to satisfy constraint: '{constraint}'")
        self.parameter, self.constraint = parameter, constraint


class ValidationFailed(RegistryError):
    """A member of an IAM or STS request breaks a rule; ``str()`` is their own sentence, which is not ECR's."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class MalformedRequest(RegistryError):
    """The request's form cannot be read: broken JSON, a header that contradicts itself, a body cut short."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)


class BodyTooLarge(RegistryError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {limit} bytes")
        self.limit = limit


class RouteUnknown(RegistryError):
    def __init__(self) -> None:
        super().__init__("there is nothing at this path")


class MethodUnknown(RegistryError):
    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__("this path does not know that method")
        self.allowed = tuple(allowed)


class OperationUnknown(RegistryError):
    def __init__(self) -> None:
        super().__init__("there is no such operation")


class OperationNotBuilt(RegistryError):
    def __init__(self, operation: str) -> None:
        super().__init__(f"Moorage does not implement {operation} yet")
        self.operation = operation


# Who asks is not known, or may not.


class CredentialsMissing(RegistryError):
    def __init__(self) -> None:
        super().__init__("the request carries no usable credentials")


class CredentialUnknown(RegistryError):
    """The key or token belongs to nobody, or to nobody any more."""

    def __init__(self) -> None:
        super().__init__("the security token included in the request is invalid")


class TokenExpired(RegistryError):
    def __init__(self) -> None:
        super().__init__("the authorization token has expired")


class TokenOfAnotherRegion(RegistryError):
    def __init__(self, token_region: str, region: str) -> None:
        super().__init__(f"the authorization token is good in region '{token_region}', not in '{region}'")
        self.token_region, self.region = token_region, region


class RegionNotServed(RegistryError):
    def __init__(self, region: str) -> None:
        super().__init__("this server does not serve that region")
        self.region = region


class AccessDenied(RegistryError):
    """The policies say no; ``str()`` is AWS's sentence (spec/ecr/iam.md section 5)."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)


class DenialNotFound(RegistryError):
    def __init__(self, denial_id: str) -> None:
        super().__init__(f"no denial with the id '{denial_id}' is known: they last seven days, not all of a flood")
        self.denial_id = denial_id


class LinkExpired(RegistryError):
    """A signed download address is past its time, was never ours, or its caller may not have the layer any more."""

    def __init__(self) -> None:
        super().__init__("the download link has expired or was altered")


# Repositories.


@dataclass(frozen=True, slots=True)
class Place:
    """A repository as messages name it: its name and its registry's account."""

    name: str
    account: str


class RepositoryNotFound(RegistryError):
    def __init__(self, place: Place) -> None:
        super().__init__(f"repository '{place.name}' does not exist in registry '{place.account}'")
        self.place = place


class RepositoryAlreadyExists(RegistryError):
    def __init__(self, place: Place) -> None:
        super().__init__(f"repository '{place.name}' exists in registry '{place.account}' already")
        self.place = place


class RepositoryNotEmpty(RegistryError):
    def __init__(self, place: Place) -> None:
        super().__init__(f"repository '{place.name}' still holds images")
        self.place = place


class RepositoryPolicyNotFound(RegistryError):
    def __init__(self, place: Place) -> None:
        super().__init__(f"repository '{place.name}' has no policy")
        self.place = place


class RegistryPolicyNotFound(RegistryError):
    def __init__(self, account: str) -> None:
        super().__init__(f"registry {account} has no policy")
        self.account = account


class InvalidResourceTag(RegistryError):
    """A resource tag breaks a rule."""


class TooManyResourceTags(RegistryError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"a repository has at most {limit} resource tags")
        self.limit = limit


# Images.


class ImageNotFound(RegistryError):
    def __init__(self, place: Place, *, digest: str | None = None, tag: str | None = None) -> None:
        super().__init__(f"repository '{place.name}' holds no image '{digest or tag}'")
        self.place, self.digest, self.tag = place, digest, tag


class ImageDigestMismatch(RegistryError):
    def __init__(self, place: Place, digest: str) -> None:
        super().__init__(f"the manifest is not '{digest}'")
        self.place, self.digest = place, digest


class ImageReferenced(RegistryError):
    def __init__(self, parents: Sequence[str]) -> None:
        super().__init__("an index refers to that image")
        self.parents = tuple(parents)


class TagImmutable(RegistryError):
    def __init__(self, place: Place, tag: str) -> None:
        super().__init__(f"tag '{tag}' of repository '{place.name}' may not move")
        self.place, self.tag = place, tag


class ManifestInvalid(RegistryError):
    """The manifest breaks a rule; ``constraint`` is worded as ECR's parameter errors are."""

    def __init__(self, constraint: str) -> None:
        super().__init__(f"the manifest cannot be kept: {constraint}")
        self.constraint = constraint


class ManifestTooLarge(RegistryError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"the manifest is larger than {limit} bytes")
        self.limit = limit


class AnswerTooLarge(RegistryError):
    """The manifests asked for in one call are more than one answer may hold."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the manifests are larger than {limit} bytes together")
        self.limit = limit


class LayersNotFound(RegistryError):
    """A manifest names blobs that its repository does not hold."""

    def __init__(self, place: Place, digests: Sequence[str]) -> None:
        super().__init__(f"repository '{place.name}' lacks blobs that the manifest names")
        self.place, self.digests = place, tuple(digests)


class ReferencedImagesNotFound(RegistryError):
    """An index names manifests that its repository does not hold."""

    def __init__(self, place: Place, digests: Sequence[str]) -> None:
        super().__init__(f"repository '{place.name}' lacks manifests that the index names")
        self.place, self.digests = place, tuple(digests)


# Layers and uploads.


class LayerNotFound(RegistryError):
    def __init__(self, place: Place, digest: str) -> None:
        super().__init__(f"repository '{place.name}' holds no blob '{digest}'")
        self.place, self.digest = place, digest


class LayerReferenced(RegistryError):
    def __init__(self, place: Place, digest: str) -> None:
        super().__init__(f"an image of repository '{place.name}' refers to blob '{digest}'")
        self.place, self.digest = place, digest


class LayerInaccessible(RegistryError):
    def __init__(self, place: Place, digest: str) -> None:
        super().__init__(f"no image of repository '{place.name}' refers to blob '{digest}'")
        self.place, self.digest = place, digest


class LayerDigestMismatch(RegistryError):
    def __init__(self, digest: str) -> None:
        super().__init__(f"the uploaded bytes are not '{digest}'")
        self.digest = digest


class LayerPartTooSmall(RegistryError):
    def __init__(self) -> None:
        super().__init__("a part other than the last is smaller than 5 MiB")


class LayerTooLarge(RegistryError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"a layer has at most {limit} bytes")
        self.limit = limit


class LayerPartsExceeded(RegistryError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"an upload has at most {limit} parts")
        self.limit = limit


class UploadNotFound(RegistryError):
    def __init__(self, place: Place, upload_id: str) -> None:
        super().__init__(f"repository '{place.name}' knows no such upload")
        self.place, self.upload_id = place, upload_id


class UploadEmpty(RegistryError):
    def __init__(self, place: Place, upload_id: str) -> None:
        super().__init__("the upload received no bytes")
        self.place, self.upload_id = place, upload_id


class UploadOutOfOrder(RegistryError):
    """A part does not begin where the upload ends; ``expected`` is the first byte that is missing."""

    def __init__(self, place: Place, upload_id: str, *, got: int, expected: int) -> None:
        super().__init__(f"the part begins at byte {got}, the upload goes on at {expected}")
        self.place, self.upload_id, self.got, self.expected = place, upload_id, got, expected


class UploadBusy(RegistryError):
    def __init__(self, place: Place, upload_id: str) -> None:
        super().__init__("another request is writing to this upload")
        self.place, self.upload_id = place, upload_id


# Accounts and principals.


class AccountExists(RegistryError):
    def __init__(self, account: str) -> None:
        super().__init__(f"account '{account}' exists already")
        self.account = account


class EntityNotFound(RegistryError):
    """An IAM entity that was named is not there; ``str()`` is IAM's own sentence."""

    def __init__(self, kind: str, name: str, *, by: str = "name") -> None:
        super().__init__(f"The {kind} with {by} {name} cannot be found.")
        self.kind, self.name = kind, name


class EntityAlreadyExists(RegistryError):
    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind.capitalize()} with name {name} already exists.")
        self.kind, self.name = kind, name


class DeleteConflict(RegistryError):
    def __init__(self, what: str) -> None:
        super().__init__(f"Cannot delete entity, must {what} first.")
        self.what = what


class QuotaExceeded(RegistryError):
    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"Cannot exceed quota for {what}: {limit}")
        self.what, self.limit = what, limit


class RegistryFull(RegistryError):
    """A quota of a registry or an account is used up; ``holder`` is what would hold more of ``what`` than ``limit``."""

    def __init__(self, what: str, holder: str, limit: int) -> None:
        super().__init__(f"The maximum number of {what} per {holder}, {limit}, has been reached")
        self.what, self.holder, self.limit = what, holder, limit


# The server itself.


class StorageFull(RegistryError):
    def __init__(self) -> None:
        super().__init__("the disk is full: nothing was changed")


class BodyTooSlow(RegistryError):
    def __init__(self) -> None:
        super().__init__("the body came too slowly")


class TooBusy(RegistryError):
    """Too much that is large is on its way, in or out; try again after ``retry_after`` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many large requests at once")
        self.retry_after = retry_after
