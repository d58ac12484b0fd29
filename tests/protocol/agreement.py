"""Every read of one repository, through both faces and both workers: each tells what the model holds."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from protocol.api import code_of as api_code_of
from protocol.faces import ApiFace, OciFace, policy_for
from protocol.model import BY_DIGEST, CONTENTS, SBOM, SUBJECTS, TAGS, Held
from protocol.people import OTHER_ACCOUNT
from protocol.registry import Registry, code_of
from support.layers import digest_of

FOREIGN = {"Host": "123456789012.dkr.ecr.us-east-1.localhost"}


@dataclass(frozen=True, slots=True)
class Reads:
    """Both faces of both workers, and somebody of another account at each."""

    api: Sequence[ApiFace]
    oci: Sequence[OciFace]
    strangers: Sequence[Registry]

    def agree(self, name: str, held: Held, worker: int) -> None:
        """Ask everything of one repository, each question of another worker than the one before."""
        self._images_agree(name, held, worker)
        self._tags_agree(name, held, 1 - worker)
        self._referrers_agree(name, held, worker)
        self._blobs_agree(name, held, 1 - worker)
        self._downloads_agree(name, held, worker)
        self._settings_agree(name, held, 1 - worker)

    def catalogs_agree(self, names: set[str], prefix: str, worker: int) -> None:
        """Ask for all repositories, of which those below ``prefix`` are known."""
        listed = self.oci[worker].registry.list("_catalog?n=1000", "repositories")
        described = self.api[1 - worker].api.list("DescribeRepositories", {"maxResults": 1000}, "repositories")
        assert sorted(listed) == sorted(one["repositoryName"] for one in described)
        assert len(set(listed)) == len(listed)
        assert {name for name in listed if name.startswith(prefix)} == names

    def _images_agree(self, name: str, held: Held, worker: int) -> None:
        details = self.api[worker].api.list("DescribeImages", {"repositoryName": name}, "imageDetails")
        expected = {
            digest: (held.tags_of(digest), image.size, image.media_type, image.artifact_type, image.subject)
            for digest, image in held.images.items()
        }
        assert _described(details) == expected
        by_digest, by_tag = (
            [{"imageDigest": digest} for digest in held.images],
            [{"imageTag": tag} for tag in held.tags],
        )
        for ids in (by_digest, by_tag):
            if ids:
                asked = {"repositoryName": name, "imageIds": ids}
                found = self.api[worker].api.list("DescribeImages", asked, "imageDetails")
                named = held.images if ids is by_digest else held.tags.values()
                assert _described(found) == {digest: expected[digest] for digest in named}
        for missing in ({"imageDigest": digest} for digest in BY_DIGEST if digest not in held.images):
            answer = self.api[worker].get("DescribeImages", name, imageIds=[*by_tag, missing])
            assert (answer.status, api_code_of(answer)) == (400, "ImageNotFoundException")
        got = self.api[worker].get("BatchGetImage", name, imageIds=[{"imageDigest": digest} for digest in BY_DIGEST])
        images = got.read("images")
        assert isinstance(images, list)
        assert {one["imageId"]["imageDigest"]: one["imageManifest"] for one in images} == {
            digest: image.body.decode() for digest, image in held.images.items()
        }
        for digest, image in BY_DIGEST.items():
            answer = self.oci[1 - worker].registry.ask("GET", f"{name}/manifests/{digest}")
            assert answer.status == (200 if digest in held.images else 404)
            assert answer.status == 404 or answer.body == image.body

    def _tags_agree(self, name: str, held: Held, worker: int) -> None:
        assert self.oci[worker].registry.list(f"{name}/tags/list?n=2", "tags") == sorted(held.tags)
        listed = self.api[1 - worker].api.list("ListImages", {"repositoryName": name, "maxResults": 7}, "imageIds")
        untagged = [(digest, "") for digest in held.images if not held.tags_of(digest)]
        tagged = [(digest, tag) for tag, digest in held.tags.items()]
        assert _ids(listed) == sorted(untagged + tagged)
        for status, expected in (("TAGGED", tagged), ("UNTAGGED", untagged), ("ANY", untagged + tagged)):
            asked = {"repositoryName": name, "maxResults": 3, "filter": {"tagStatus": status}}
            assert _ids(self.api[worker].api.list("ListImages", asked, "imageIds")) == sorted(expected)
        ids = [{"imageTag": tag} for tag in TAGS]
        found = self.api[worker].get("BatchGetImage", name, imageIds=ids).read("images")
        assert isinstance(found, list)
        assert {one["imageId"]["imageTag"]: one["imageManifest"] for one in found} == {
            tag: held.images[digest].body.decode() for tag, digest in held.tags.items()
        }
        for tag in TAGS:
            looked = self.oci[1 - worker].registry.ask("HEAD", f"{name}/manifests/{tag}")
            assert looked.get("docker-content-digest") == held.tags.get(tag)
            body = held.images[held.tags[tag]].body if tag in held.tags else None
            assert self.oci[worker].pull(name, tag) == body

    def _referrers_agree(self, name: str, held: Held, worker: int) -> None:
        for subject, kind in [(SUBJECTS[0], SBOM), *((subject, None) for subject in SUBJECTS)]:
            expected = held.referrers_of(subject, kind)
            query = "" if kind is None else f"&artifactType={kind}"
            over_http = self.oci[worker].registry.list(f"{name}/referrers/{subject}?n=2{query}", "manifests")
            assert over_http == expected
            asked = {"repositoryName": name, "subjectId": {"imageDigest": subject}, "maxResults": 2}
            wanted = {} if kind is None else {"filter": {"artifactTypes": [kind]}}
            by_api = self.api[1 - worker].api.list("ListImageReferrers", asked | wanted, "referrers")
            assert by_api == [one | {"artifactStatus": "ACTIVE"} for one in expected]

    def _blobs_agree(self, name: str, held: Held, worker: int) -> None:
        digests = [digest_of(content) for content in CONTENTS]
        states = self.api[worker].get("BatchCheckLayerAvailability", name, layerDigests=digests).read("layers")
        assert isinstance(states, list)
        there = {one["layerDigest"] for one in states if one["layerAvailability"] == "AVAILABLE"}
        assert there == held.blobs & set(digests)
        for digest in digests:
            looked = self.oci[worker].registry.ask("HEAD", f"{name}/blobs/{digest}")
            assert looked.status == (200 if digest in held.blobs else 404)
        for upload, parts in held.uploads.items():
            told = self.oci[worker].registry.ask("GET", f"{name}/blobs/uploads/{upload}")
            assert (told.status, told.header("range")) == (204, f"0-{max(len(b''.join(parts)) - 1, 0)}")

    def _downloads_agree(self, name: str, held: Held, worker: int) -> None:
        """Have each blob given out in both ways, or in neither."""
        for content in CONTENTS:
            digest = digest_of(content)
            got = self.oci[worker].registry.ask("GET", f"{name}/blobs/{digest}")
            linked = self.api[1 - worker].get("GetDownloadUrlForLayer", name, layerDigest=digest)
            if held.names(digest):
                path = str(linked.read("downloadUrl")).split("/", 3)[3]
                followed = self.oci[worker].registry.wire.ask("GET", f"/{path}")
                assert (got.status, got.body, followed.status, followed.body) == (200, content, 200, content)
            else:
                code = "LayerInaccessibleException" if digest in held.blobs else "LayersNotFoundException"
                assert (got.status, linked.status, api_code_of(linked)) == (404, 400, code)

    def _settings_agree(self, name: str, held: Held, worker: int) -> None:
        answer = self.api[worker].api.call("DescribeRepositories", {"repositoryNames": [name]})
        assert answer.read("repositories.0.imageTagMutability") == held.mutability
        policy = self.api[worker].get("GetRepositoryPolicy", name)
        assert policy.status == (200 if held.shared else 400)
        if held.shared:
            assert json.loads(str(policy.read("policyText"))) == json.loads(policy_for(OTHER_ACCOUNT))
        else:
            assert api_code_of(policy) == "RepositoryPolicyNotFoundException"
        pulled = self.strangers[1 - worker].ask("GET", f"{name}/manifests/v1", FOREIGN)
        assert pulled.status == ((200 if "v1" in held.tags else 404) if held.shared else 403)
        assert pulled.status != 403 or code_of(pulled) == "DENIED"


def _described(details: Sequence[Any]) -> dict[str, tuple[object, ...]]:
    """Tell what DescribeImages says of each image, but for when it was pulled."""
    described: dict[str, tuple[object, ...]] = {
        one["imageDigest"]: (
            sorted(one.get("imageTags", [])),
            one["imageSizeInBytes"],
            one["imageManifestMediaType"],
            one.get("artifactMediaType"),
            one.get("subjectManifestDigest"),
        )
        for one in details
    }
    assert len(described) == len(details)
    return described


def _ids(listed: Sequence[Any]) -> list[tuple[str, str]]:
    return sorted((one["imageDigest"], one.get("imageTag", "")) for one in listed)
