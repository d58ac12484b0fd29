"""What was stored under an older schema is complete under the newest one."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import apsw
import pytest
from sqlalchemy import select

from moorage.domain.digest import Digest
from moorage.domain.names import AccountId, Region
from moorage.domain.referrer import Referrer
from moorage.domain.repository import RepositoryKey
from moorage.operations import machineends
from moorage.store import machines, referrers
from moorage.store import migrate as migrations
from moorage.store.image_counts import image_counts
from moorage.store.migrate import migrate
from moorage.store.sessions import sessions
from moorage.store.sqlite import SqliteStore
from moorage.store.transaction import Transaction
from moorage.store.version import NEWEST, version_of

ACCOUNT, REGION, REPOSITORY = AccountId("111122223333"), Region("eu-central-1"), "0123456789abcdef01234567"
KEY = RepositoryKey(ACCOUNT, REGION, REPOSITORY)
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
SUBJECT = Digest.of(b"the subject")
PLAIN = {"schemaVersion": 2, "subject": {"digest": SUBJECT}}
ANNOTATED = PLAIN | {"annotations": {"title": 'a "quoted" ü', "number": 3, "none": None}}
NOT_AN_OBJECT = PLAIN | {"annotations": ["no", "object"]}


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> apsw.Connection:
    """Make a database as revision 0005 left it."""
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "NEWEST", "0005")
        migrate(tmp_path / "db", tmp_path / "lock", tmp_path / "backups")
    assert version_of(tmp_path / "db") == "0005"
    return apsw.Connection(str(tmp_path / "db"))


def keep(old: apsw.Connection, document: Mapping[str, object], *, subject: str | None, artifact: str | None) -> str:
    """Store a manifest and its image with the statements of that time."""
    body = json.dumps(document, ensure_ascii=False).encode()
    digest = str(Digest.of(body))
    old.execute(
        "INSERT INTO manifests (account_id, region, digest, body) VALUES (?, ?, ?, ?)", (ACCOUNT, REGION, digest, body)
    )
    old.execute(
        "INSERT INTO images (account_id, region, repository_id, digest, media_type, artifact_type, subject, size, "
        "pushed_at) VALUES (?, ?, ?, ?, ?, ?, ?, 7, 1)",
        (ACCOUNT, REGION, REPOSITORY, digest, MANIFEST, artifact, subject),
    )
    return digest


def upgrade(folder: Path, old: apsw.Connection) -> SqliteStore:
    old.close()
    assert migrate(folder / "db", folder / "lock", folder / "backups") == "0005"
    assert version_of(folder / "db") == NEWEST
    return SqliteStore(folder / "db", folder / "lock", reached=lambda _: None)


def listed(store: SqliteStore, types: list[str]) -> list[Referrer]:
    return asyncio.run(referrers.between(store.now, KEY, SUBJECT, types, after="", end="~"))


def test_referrers_pushed_before_there_was_a_list_are_listed(tmp_path: Path, old: apsw.Connection) -> None:
    plain = keep(old, PLAIN, subject=SUBJECT, artifact=None)
    annotated = keep(old, ANNOTATED, subject=SUBJECT, artifact="application/x.signature")
    strange = keep(old, NOT_AN_OBJECT, subject=SUBJECT, artifact="application/x.other")
    keep(old, {"schemaVersion": 2}, subject=None, artifact=None)
    keep(old, PLAIN | {"more": 1}, subject=str(Digest.of(b"another")), artifact=None)
    store = upgrade(tmp_path, old)
    try:
        found = {one.digest: one for one in listed(store, [])}
        assert found.keys() == {plain, annotated, strange}
        assert found[Digest(annotated)] == Referrer(
            Digest(annotated),
            MANIFEST,
            "application/x.signature",
            len(json.dumps(ANNOTATED, ensure_ascii=False).encode()),
            {"title": 'a "quoted" ü'},
        )
        assert (found[Digest(plain)].annotations, found[Digest(strange)].annotations) == ({}, {})
        assert [one.digest for one in listed(store, ["application/x.signature"])] == [annotated]
        # None of them is an orphan: nobody knows since when, so nothing sweeps them.
        assert asyncio.run(referrers.orphans(store.now, before=2**62, count=10)) == []
    finally:
        store.close()


def test_images_pushed_before_they_were_counted_are_counted(tmp_path: Path, old: apsw.Connection) -> None:
    for number in range(3):
        keep(old, {"schemaVersion": 2, "number": number}, subject=None, artifact=None)
    store = upgrade(tmp_path, old)
    try:
        rows = asyncio.run(store.now.all(image_counts.select()))
        assert rows == [(ACCOUNT, REGION, REPOSITORY, 3)]
    finally:
        store.close()


def test_a_machine_s_sessions_of_before_end_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "NEWEST", "0011")
        migrate(tmp_path / "db", tmp_path / "lock", tmp_path / "backups")
    connection = apsw.Connection(str(tmp_path / "db"))
    connection.execute(
        "INSERT INTO machines (account_id, instance_id, region, role_id, role_name, made_by, join_hash, "
        "join_expires_at, key_id, secret, created_at, joined_at) "
        "VALUES (?, 'i-1', ?, 'AROA1', 'hosts', 'root', x'01', 2, 'AMMK1', x'00', 1, 1)",
        (ACCOUNT, REGION),
    )
    for key, kind, parent in (("ASIA1", "machine", "AMMK1"), ("ASIA2", "role", None), ("ASIA3", "user", "AKIA1")):
        connection.execute(
            "INSERT INTO sessions (access_key_id, account_id, kind, entity_id, parent, name, secret, facts, "
            "created_at, expires_at) VALUES (?, ?, ?, 'e', ?, 'n', x'00', '{}', 1, 2)",
            (key, ACCOUNT, kind, parent),
        )
    connection.close()
    assert migrate(tmp_path / "db", tmp_path / "lock", tmp_path / "backups") == "0011"
    store = SqliteStore(tmp_path / "db", tmp_path / "lock", reached=lambda _: None)

    async def revoked(tx: Transaction) -> None:
        found = await machines.find_by_key(tx, "AMMK1")
        assert found is not None
        await machineends.end_sessions(tx, [found[0]])

    try:
        asyncio.run(store.write(revoked))
        left = asyncio.run(store.now.all(select(sessions.c.access_key_id).order_by(sessions.c.access_key_id)))
        assert left == [("ASIA2",), ("ASIA3",)]
    finally:
        store.close()
