"""ECR's own sentences for facts: both faces say the same words, because they are wire format (spec/ecr/errors.md).

A fact that is not listed is told by its own ``str()``.
"""

from collections.abc import Callable, Mapping
from typing import Any

from moorage.domain import errors as fact
from moorage.domain.image import listed_parents

Wording = Callable[[Any], str]  # each takes the fact of its own row


def _listed(digests: tuple[str, ...]) -> str:
    return f"[{', '.join(digests)}]"


def _quoted(text: str | None) -> str:
    """Quote as ECR does: a missing part is the word null in quotes."""
    return f"'{'null' if text is None else text}'"


NAME_PATTERN = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
SYSTEM_FULL = "The registry has no storage space left. Nothing was changed, reads go on working."

WORDS: Mapping[type[fact.RegistryError], Wording] = {
    fact.InvalidRepositoryName: lambda _: str(
        fact.InvalidParameter("repositoryName", f"must satisfy regular expression '{NAME_PATTERN}'")
    ),
    fact.InvalidAccountId: lambda _: str(
        fact.InvalidParameter("registryId", "must satisfy regular expression '[0-9]{12}'")
    ),
    fact.InvalidRegion: lambda _: str(
        fact.InvalidParameter("region", "must satisfy regular expression '[0-9a-z-]{2,25}'")
    ),
    fact.InvalidTag: lambda _: str(
        fact.InvalidParameter("imageTag", "must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}'")
    ),
    fact.InvalidDigest: lambda _: str(
        fact.InvalidParameter("imageDigest", "must satisfy regular expression 'sha256:[a-f0-9]{64}'")
    ),
    fact.TokenExpired: lambda _: "Your authorization token has expired. Reauthenticate and try again.",
    fact.TokenOfAnotherRegion: lambda e: (
        f"Your authorization token is good in Region {e.token_region}. Reauthenticate in Region {e.region}."
    ),
    fact.RegionNotServed: lambda e: f"Region {e.region} is not served here.",
    fact.CredentialUnknown: lambda _: "The security token included in the request is invalid.",
    fact.CredentialsMissing: lambda _: "Missing Authentication Token",
    fact.RepositoryNotFound: lambda e: (
        f"The repository with name '{e.place.name}' does not exist in the registry with id '{e.place.account}'"
    ),
    fact.RepositoryAlreadyExists: lambda e: (
        f"The repository with name '{e.place.name}' already exists in the registry with id '{e.place.account}'"
    ),
    fact.RepositoryNotEmpty: lambda e: (
        f"The repository with name '{e.place.name}' in registry with id '{e.place.account}' cannot be deleted because "
        "it still contains images"
    ),
    fact.RepositoryPolicyNotFound: lambda e: (
        f"Repository policy does not exist for the repository with name '{e.place.name}' in the registry with id "
        f"'{e.place.account}'"
    ),
    fact.RegistryPolicyNotFound: lambda e: f"Registry policy does not exist in the registry with id '{e.account}'",
    fact.ImageNotFound: lambda e: (
        f"The image with imageId {{imageDigest:{_quoted(e.digest)}, imageTag:{_quoted(e.tag)}}} does not exist within "
        f"the repository with name '{e.place.name}' in the registry with id '{e.place.account}'"
    ),
    fact.ImageDigestMismatch: lambda e: (
        f"The image with digest '{e.digest}' in repository '{e.place.name}' and registry ID '{e.place.account}' does "
        "not match the image digest that Amazon ECR has calculated."
    ),
    fact.ImageReferenced: lambda e: f"Requested image referenced by manifest list: {listed_parents(e.parents)}",
    fact.TagImmutable: lambda e: (
        f"The image tag '{e.tag}' already exists in the '{e.place.name}' repository and cannot be overwritten because "
        "the tag is immutable."
    ),
    fact.ManifestInvalid: lambda e: str(fact.InvalidParameter("ImageManifest", e.constraint)),
    fact.ManifestTooLarge: lambda e: str(
        fact.InvalidParameter("imageManifest", f"Member must have length less than or equal to {e.limit}")
    ),
    fact.AnswerTooLarge: lambda e: (
        f"The image manifests are larger than {e.limit} bytes together. Ask for fewer images in one call."
    ),
    fact.LayersNotFound: lambda e: (
        f"Layers with digests '{_listed(e.digests)}' required for pushing image into repository with name "
        f"'{e.place.name}' in the registry with id '{e.place.account}' do not exist"
    ),
    fact.ReferencedImagesNotFound: lambda e: (
        f"Images with digests '{_listed(e.digests)}' required for pushing image into repository with name "
        f"'{e.place.name}' in the registry with id '{e.place.account}' do not exist"
    ),
    fact.LayerNotFound: lambda e: (
        f"The layer with digest '{e.digest}' does not exist within the repository with name '{e.place.name}' in the "
        f"registry with id '{e.place.account}'"
    ),
    fact.LayerInaccessible: lambda e: (
        f"The layer with digest '{e.digest}' in the repository with name '{e.place.name}' in the registry with id "
        f"'{e.place.account}' is not associated with an image"
    ),
    fact.LayerReferenced: lambda e: (
        f"The layer with digest '{e.digest}' in the repository with name '{e.place.name}' in the registry with id "
        f"'{e.place.account}' is associated with an image"
    ),
    fact.LayerDigestMismatch: lambda e: (
        f"The layer digest '{e.digest}' does not match the digest that was calculated from the uploaded layer"
    ),
    fact.LayerPartTooSmall: lambda _: "All layer parts except the last part should be at least 5MB",
    fact.LayerTooLarge: lambda e: f"The layer exceeds the maximum layer size of {e.limit} bytes",
    fact.LayerPartsExceeded: lambda e: f"The maximum number of layer parts, {e.limit}, has been exceeded",
    fact.UploadNotFound: lambda e: (
        f"Upload with id '{e.upload_id}' could not be found for the repository with name '{e.place.name}' in the "
        f"registry with id '{e.place.account}'"
    ),
    fact.UploadEmpty: lambda e: (
        f"The upload with id '{e.upload_id}' for the repository with name '{e.place.name}' in the registry with id "
        f"'{e.place.account}' contains no layer parts"
    ),
    fact.UploadOutOfOrder: lambda e: f"First byte of the layer part is {e.got} instead of {e.expected}",
    fact.UploadBusy: lambda e: f"Another request is writing to the upload with id '{e.upload_id}'",
    fact.StorageFull: lambda _: SYSTEM_FULL,
    fact.TooBusy: lambda _: "Rate exceeded",
}


def sentence(error: fact.RegistryError) -> str:
    """Say a fact in ECR's words."""
    wording = WORDS.get(type(error))
    return str(error) if wording is None else wording(error)
