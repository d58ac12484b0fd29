"""The key that every row of a repository leads with, as a condition and as values."""

from sqlalchemy import ColumnElement, Table, bindparam

from moorage.domain.repository import Repository, RepositoryKey

Owner = Repository | RepositoryKey


def in_repository(table: Table) -> ColumnElement[bool]:
    return (
        (table.c.account_id == bindparam("account"))
        & (table.c.region == bindparam("home"))
        & (table.c.repository_id == bindparam("repository"))
    )


def key_of(repository: Owner) -> dict[str, str]:
    """Values for a statement that uses ``in_repository``."""
    return {"account": repository.account, "home": repository.region, "repository": repository.id}


def columns_of(repository: Owner) -> dict[str, str]:
    """Values for the key columns of a row to insert."""
    return {"account_id": repository.account, "region": repository.region, "repository_id": repository.id}
