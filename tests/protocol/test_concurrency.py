"""Many clients at once on two workers: every answer is one that some order of the requests would give."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import pytest
from botocore.client import BaseClient

from protocol.crowd import at_once
from protocol.registry import CONFIG, Registry, code_of, described, index_for, manifest_for
from support.images import OCI
from support.layers import digest_of
from support.server import RunningServer

T = TypeVar("T")
CROWD = 8
LAYER = b"one layer for all"
ROUNDS = 15
Crowd = Callable[[Sequence[Callable[[Registry], T]]], list[T]]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Start a server of two workers, whatever the machine has."""
    settings = {"MOORAGE_WORKERS": "2"}
    with RunningServer(tmp_path_factory.mktemp("pair") / "data", settings=settings) as running:
        yield running


@pytest.fixture(scope="module")
def pair_password(pair: RunningServer) -> str:
    return pair.password()


@pytest.fixture(scope="module")
def ecr(pair: RunningServer) -> BaseClient:
    client: BaseClient = pair.boto3("ecr")
    return client


@pytest.fixture
def crowd(pair: RunningServer, pair_password: str) -> Crowd[object]:
    return partial(at_once, pair.host, pair_password)


@pytest.fixture
def one(pair: RunningServer, pair_password: str) -> Callable[[Callable[[Registry], object]], object]:
    return lambda job: at_once(pair.host, pair_password, [job])[0]


def image(number: int) -> bytes:
    return json.dumps(manifest_for(LAYER, annotations={"number": str(number)})).encode()


def fill(registry: Registry, repository: str) -> None:
    for blob in (CONFIG, LAYER):
        registry.put_blob(repository, blob)


def put(registry: Registry, repository: str, reference: str, body: bytes) -> int:
    return registry.put_manifest(repository, reference, body, json.loads(body)["mediaType"]).status


@pytest.fixture
def filled(pair: RunningServer, pair_password: str, ecr: BaseClient, repository: str) -> str:
    at_once(pair.host, pair_password, [lambda registry: fill(registry, repository)])
    assert ecr.list_images(repositoryName=repository)["imageIds"] == []
    return repository


class TestBlobs:
    """Pushes of the same bytes do not disturb each other."""

    def test_one_blob_pushed_by_many_is_kept_once(
        self, crowd: Crowd[str], pair: RunningServer, repository: str
    ) -> None:
        data = b"pushed by many" * 10_000
        assert set(crowd([lambda registry: registry.put_blob(repository, data)] * CROWD)) == {digest_of(data)}
        assert [path.stat().st_size for path in (pair.data / "blobs").glob("*/*")].count(len(data)) == 1
        path = f"{repository}/blobs/{digest_of(data)}"
        fetched = crowd([lambda registry: registry.ask("HEAD", path).header("docker-content-digest")] * 2)
        assert fetched == [digest_of(data)] * 2

    def test_one_blob_pushed_to_many_repositories_is_in_each(
        self, crowd: Crowd[object], ecr: BaseClient, repository: str
    ) -> None:
        names = [f"{repository}-{number}" for number in range(CROWD)]
        for name in names:
            ecr.create_repository(repositoryName=name)
        crowd([partial(lambda name, registry: registry.push(name, "v1", LAYER), name) for name in names])
        bodies = crowd(
            [
                partial(lambda name, registry: registry.ask("GET", f"{name}/blobs/{digest_of(LAYER)}").body, name)
                for name in names
            ]
        )
        assert bodies == [LAYER] * CROWD

    def test_of_many_that_finish_one_upload_one_does(
        self, crowd: Crowd[int], one: Callable[[Callable[[Registry], str]], str], repository: str
    ) -> None:
        def begin(registry: Registry) -> str:
            upload = registry.start(repository)
            assert registry.ask("PATCH", upload, body=b"once").status == 201
            return upload

        upload = one(begin)
        done = crowd([lambda registry: registry.ask("PUT", f"{upload}?digest={digest_of(b'once')}").status] * CROWD)
        assert done.count(201) == 1
        assert set(done) <= {201, 404, 416}


class TestTags:
    """A tag names one image at a time, and both faces say the same one."""

    def test_a_tag_that_many_move_ends_at_one_of_their_images(
        self, crowd: Crowd[int], ecr: BaseClient, filled: str
    ) -> None:
        bodies = [image(number) for number in range(CROWD)]
        jobs = [partial(lambda body, registry: put(registry, filled, "v1", body), body) for body in bodies]
        assert crowd(jobs) == [201] * CROWD
        named = ecr.describe_images(repositoryName=filled, imageIds=[{"imageTag": "v1"}])["imageDetails"]
        assert len(named) == 1
        assert named[0]["imageDigest"] in {digest_of(body) for body in bodies}
        assert len(ecr.list_images(repositoryName=filled, filter={"tagStatus": "UNTAGGED"})["imageIds"]) == CROWD - 1

    def test_whoever_reads_a_moving_tag_gets_one_of_its_images_whole(self, crowd: Crowd[None], filled: str) -> None:
        bodies = [image(number) for number in range(3)]

        def move(registry: Registry) -> None:
            for _ in range(ROUNDS):
                assert [put(registry, filled, "v1", body) for body in bodies] == [201] * len(bodies)

        def read(registry: Registry) -> None:
            for _ in range(ROUNDS * 4):
                answer = registry.ask("GET", f"{filled}/manifests/v1")
                assert answer.status == 404 or answer.body in bodies
                assert answer.status == 404 or answer.header("docker-content-digest") == digest_of(answer.body)

        crowd([move, move, *[read] * 4])

    def test_an_immutable_tag_is_taken_once(self, crowd: Crowd[int], ecr: BaseClient, filled: str) -> None:
        ecr.put_image_tag_mutability(repositoryName=filled, imageTagMutability="IMMUTABLE")
        bodies = [image(number) for number in range(CROWD)]
        done = crowd([partial(lambda body, registry: put(registry, filled, "v1", body), body) for body in bodies])
        assert sorted(done) == [201, *[400] * (CROWD - 1)]

    def test_a_tag_that_moves_elsewhere_is_never_missing(self, crowd: Crowd[set[int]], filled: str) -> None:
        bodies = [image(number) for number in range(2)]

        def begin(registry: Registry) -> set[int]:
            return {put(registry, filled, "v1", bodies[0])}

        def move(registry: Registry) -> set[int]:
            return {put(registry, filled, "v1", bodies[number % 2]) for number in range(ROUNDS * 2)}

        def read(registry: Registry) -> set[int]:
            return {registry.ask("HEAD", f"{filled}/manifests/v1").status for _ in range(ROUNDS * 4)}

        assert crowd([begin]) == [{201}]
        assert crowd([move, read, read]) == [{201}, {200}, {200}]


class TestDeletes:
    """What is deleted under a reader is whole or gone; what refers to something keeps it."""

    def test_a_pull_under_a_delete_is_whole_or_not_found(self, crowd: Crowd[set[int]], filled: str) -> None:
        body = image(0)
        blob = f"{filled}/blobs/{digest_of(LAYER)}"

        def churn(registry: Registry) -> set[int]:
            done = set()
            for _ in range(ROUNDS):
                done.add(put(registry, filled, "v1", body))
                done.add(registry.ask("DELETE", f"{filled}/manifests/{digest_of(body)}").status)
            return done

        def pull(registry: Registry) -> set[int]:
            told = set()
            for _ in range(ROUNDS * 2):
                answers = [registry.ask("GET", f"{filled}/manifests/{one}") for one in ("v1", digest_of(body))]
                answers.append(registry.ask("GET", blob))
                told |= {answer.status for answer in answers}
                assert all(answer.status == 404 or answer.body in {body, LAYER} for answer in answers)
            return told

        churned, *pulled = crowd([churn, pull, pull, pull])
        assert churned == {201, 202}
        assert all(told <= {200, 404} for told in pulled)

    def test_an_index_never_outlives_its_child(self, crowd: Crowd[int], ecr: BaseClient, filled: str) -> None:
        for number in range(ROUNDS):
            child = image(number)
            index = json.dumps(index_for(child)).encode()
            crowd([lambda registry, child=child: put(registry, filled, digest_of(child), child)])  # type: ignore[misc]  # defaults bind early
            made, gone = crowd(
                [
                    partial(lambda body, registry: put(registry, filled, digest_of(body), body), index),
                    partial(
                        lambda body, registry: registry.ask("DELETE", f"{filled}/manifests/{digest_of(body)}").status,
                        child,
                    ),
                ]
            )
            assert (made, gone) in {(201, 405), (404, 202)}
            there = {one["imageDigest"] for one in ecr.describe_images(repositoryName=filled)["imageDetails"]}
            assert (digest_of(index) in there) == (digest_of(child) in there) == (made == 201)

    def test_an_image_is_deleted_once(self, crowd: Crowd[int], filled: str) -> None:
        body = image(0)
        crowd([lambda registry: put(registry, filled, "v1", body)])
        path = f"{filled}/manifests/{digest_of(body)}"
        done = crowd([lambda registry: registry.ask("DELETE", path).status] * CROWD)
        assert sorted(done) == [202, *[404] * (CROWD - 1)]

    def test_a_repository_that_goes_under_pushes_leaves_nothing(
        self, crowd: Crowd[str], ecr: BaseClient, filled: str
    ) -> None:
        def push(registry: Registry) -> str:
            for number in range(ROUNDS):
                answer = registry.put_manifest(filled, f"v{number}", image(number))
                if answer.status != 201:
                    return code_of(answer)
            return "DONE"

        def remove(_registry: Registry) -> str:
            ecr.delete_repository(repositoryName=filled, force=True)
            return "GONE"

        told = crowd([push, push, push, remove])
        assert set(told) <= {"NAME_UNKNOWN", "MANIFEST_BLOB_UNKNOWN", "DONE", "GONE"}
        ecr.create_repository(repositoryName=filled)
        assert ecr.list_images(repositoryName=filled)["imageIds"] == []
        assert crowd([lambda registry: str(put(registry, filled, "v1", image(0)))]) == ["404"]


def test_a_repository_is_created_once(pair: RunningServer, crowd: Crowd[str], repository: str) -> None:
    def create(_registry: Registry) -> str:
        client = pair.boto3("ecr")
        try:
            client.create_repository(repositoryName=f"{repository}-once")
        except client.exceptions.RepositoryAlreadyExistsException:
            return "there"
        return "made"

    assert sorted(crowd([create] * 4)) == ["made", "there", "there", "there"]


def test_an_index_of_children_that_are_still_coming_is_refused_or_whole(crowd: Crowd[int], filled: str) -> None:
    children = [image(number) for number in range(3)]
    manifests = [described(child, OCI.manifest) for child in children]
    index = json.dumps(index_for(manifests=manifests)).encode()
    coming = [(digest_of(child), child) for child in children]
    jobs = [
        partial(lambda name, body, registry: put(registry, filled, name, body), *one)
        for one in (*coming, ("all", index))
    ]
    *pushed, listed = crowd(jobs)
    assert (pushed, listed in {201, 404}) == ([201] * 3, True)
    assert crowd([lambda registry: registry.ask("HEAD", f"{filled}/manifests/all").status]) == [
        200 if listed == 201 else 404
    ]
