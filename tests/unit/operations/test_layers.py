"""Blobs are shown through a repository's own link, and given out by links that are good for an hour."""

import asyncio
from dataclasses import replace

import pytest

from moorage.domain.content import Content
from moorage.domain.digest import Digest
from moorage.domain.errors import LayerInaccessible, LayerNotFound, LinkExpired, RepositoryNotFound
from moorage.domain.layer import LayerFailureCode
from moorage.domain.names import AccountId, Region
from moorage.operations.env import Call, Env
from moorage.operations.keyring import Purpose
from moorage.operations.layers import (
    LayerLink,
    LinkCaller,
    check_availability,
    find_blob,
    follow_link,
    link_layer,
    open_blob,
)
from moorage.operations.repositories import delete_repository
from support.env import FURTHER_REGION, HOME, OTHER, FrozenClock
from unit.operations.tenant import REPOSITORY, Tenant, read, root_of

LAYER = b"layer"
DIGEST = Digest.of(LAYER)
HOUR = 3600


@pytest.fixture
def tenant(env: Env) -> Tenant:
    tenant = root_of(env)
    tenant.create()
    tenant.push("v1", LAYER)
    return tenant


@pytest.fixture
def link(tenant: Tenant) -> LayerLink:
    return tenant.run(link_layer, REPOSITORY, DIGEST)


def follow(env: Env, link: LayerLink) -> Content:
    by = link.caller
    call = Call(
        "request-2",
        env.clock(),
        AccountId(by.account),
        by.access_key_id,
        Region(link.region),
        False,
        "",
        None,
        by.key_mark,
    )
    return asyncio.run(follow_link(env, link, call))


def test_a_layer_of_an_image_is_given_out(tenant: Tenant) -> None:
    assert read(tenant.run(open_blob, REPOSITORY, DIGEST)) == LAYER


def test_a_layer_that_no_image_names_is_not_given_out(tenant: Tenant) -> None:
    tenant.upload(b"other")
    with pytest.raises(LayerInaccessible):
        tenant.run(open_blob, REPOSITORY, Digest.of(b"other"))


def test_a_layer_that_no_image_names_can_be_looked_at(tenant: Tenant) -> None:
    tenant.upload(b"other")
    assert tenant.run(find_blob, REPOSITORY, Digest.of(b"other")).size == 5


def test_a_layer_of_another_repository_is_not_found(tenant: Tenant) -> None:
    tenant.create("team/other")
    with pytest.raises(LayerNotFound):
        tenant.run(find_blob, "team/other", DIGEST)


def test_nothing_is_found_in_a_repository_that_is_missing(tenant: Tenant) -> None:
    with pytest.raises(RepositoryNotFound):
        tenant.run(find_blob, "team/missing", DIGEST)


def test_layers_are_looked_for_many_at_a_time(tenant: Tenant) -> None:
    missing = Digest.of(b"missing")
    states, failures = tenant.run(check_availability, REPOSITORY, [DIGEST, missing, "sha256:1"])
    told = [(state.digest, state.blob is not None) for state in states]
    assert (told, [(failure.asked, failure.code) for failure in failures]) == (
        [(DIGEST, True), (missing, False)],
        [("sha256:1", LayerFailureCode.INVALID)],
    )


def test_a_link_gives_the_layer(env: Env, link: LayerLink) -> None:
    assert read(follow(env, link)) == LAYER


def test_a_link_is_good_for_an_hour(env: Env, link: LayerLink, clock: FrozenClock) -> None:
    clock.move(HOUR - 1)
    assert read(follow(env, link)) == LAYER


def test_a_link_ends_after_an_hour(env: Env, link: LayerLink, clock: FrozenClock) -> None:
    clock.move(HOUR)
    with pytest.raises(LinkExpired):
        follow(env, link)


@pytest.mark.parametrize(
    "changed",
    [
        {"account": OTHER},
        {"region": FURTHER_REGION},
        {"repository_id": "0" * 24},
        {"digest": Digest.of(b"{}")},
        {"expires_at": 2**53},
        {"caller": LinkCaller(HOME, "AKIAIOSFODNN7EXAMPLE", "0" * 24)},
        {"signature": ""},
        {"signature": "k1." + "0" * 64},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_link_with_anything_altered_is_refused(env: Env, link: LayerLink, changed: dict[str, str]) -> None:
    with pytest.raises(LinkExpired):
        follow(env, replace(link, **changed))  # type: ignore[arg-type]  # a field of the table's row


def test_a_signature_for_another_purpose_is_refused(env: Env, link: LayerLink) -> None:
    with pytest.raises(LinkExpired):
        follow(env, replace(link, signature=env.keyring.sign(Purpose.PAGE_TOKEN, link.message)))


def test_a_link_into_a_repository_that_was_deleted_leads_nowhere(tenant: Tenant, link: LayerLink) -> None:
    tenant.run(delete_repository, REPOSITORY, force=True)
    with pytest.raises(LayerNotFound):
        follow(tenant.env, link)


def test_a_link_does_not_lead_into_a_repository_made_anew(tenant: Tenant, link: LayerLink) -> None:
    tenant.run(delete_repository, REPOSITORY, force=True)
    tenant.create()
    tenant.push("v1", LAYER)
    with pytest.raises(LayerNotFound):
        follow(tenant.env, link)


def test_no_link_leads_to_a_layer_that_no_image_names(tenant: Tenant) -> None:
    tenant.upload(b"other")
    with pytest.raises(LayerInaccessible):
        tenant.run(link_layer, REPOSITORY, Digest.of(b"other"))
