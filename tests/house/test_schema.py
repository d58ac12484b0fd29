"""The schema keeps its promises: keys that separate registries, plain columns, migrations that lead to it."""

import ast
from pathlib import Path

import apsw
import pytest
from sqlalchemy import BigInteger, LargeBinary, Table, Text

from moorage.store import schema
from moorage.store.migrate import migrate, script
from moorage.store.schema import SCHEMA
from moorage.store.version import NEWEST, VERSIONS

# Tables of an account or of the whole server; every other one is a registry's.
OF_ACCOUNTS = {
    "accounts",
    "generations",
    "account_aliases",
    "access_keys",
    "attachments",
    "denials",
    "entities",
    "entity_tags",
    "inline_policies",
    "machines",
    "managed_policies",
    "members",
    "oidc_providers",
    "policy_versions",
    "roles",
    "sessions",
}
TABLES = sorted(SCHEMA.tables.values(), key=lambda table: table.name)
MIGRATIONS = Path(schema.__file__).parent / "migrations/versions"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_key_of_a_registry_table_leads_with_account_and_region(table: Table) -> None:
    leading = [column.name for column in table.primary_key.columns][:2]
    assert leading == ["account_id", "region"] or table.name in OF_ACCOUNTS


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_columns_are_integers_text_and_bytes(table: Table) -> None:
    assert {type(column.type) for column in table.columns} <= {BigInteger, Text, LargeBinary}


def test_the_metadata_knows_every_listed_table() -> None:
    assert set(schema.TABLES) == set(TABLES)


def test_the_migrations_lead_to_the_metadata(tmp_path: Path) -> None:
    migrate(tmp_path / "db", tmp_path / "lock", tmp_path / "backups")
    connection = apsw.Connection(str(tmp_path / "db"))
    try:
        for table in TABLES:
            rows = connection.execute(f"PRAGMA table_info({table.name})").fetchall()
            stored = [(row[1], row[2], bool(row[3])) for row in rows]
            declared = [
                (
                    column.name,
                    {BigInteger: "BIGINT", Text: "TEXT", LargeBinary: "BLOB"}[type(column.type)],
                    not column.nullable,
                )
                for column in table.columns
            ]
            assert stored == declared, table.name
            indexes = {row[1] for row in connection.execute(f"PRAGMA index_list({table.name})") if row[3] == "c"}
            assert indexes == {index.name for index in table.indexes}, table.name
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    finally:
        connection.close()
    assert tables - {"alembic_version", "sqlite_stat1", "sqlite_stat4"} == {table.name for table in TABLES}


def test_every_version_has_its_file_and_every_file_is_known() -> None:
    found = [
        node.value.value
        for path in sorted(MIGRATIONS.glob("[0-9]*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "revision"
        and isinstance(node.value, ast.Constant)
    ]
    assert tuple(found) == VERSIONS


def test_nothing_is_rendered_for_the_newest_version() -> None:
    assert "CREATE TABLE" not in script(NEWEST)
