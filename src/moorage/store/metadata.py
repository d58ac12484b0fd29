"""The one schema: columns are integers, text and bytes only, because no type processor ever runs.

Times are microseconds since 1970 (UTC), truth values 0 and 1, JSON is text. Every table of a registry leads its key
with account and region; a test reads this metadata and proves it.
"""

from sqlalchemy import Column, MetaData, Text

METADATA = MetaData()


def account_key() -> Column[str]:
    return Column("account_id", Text, primary_key=True, nullable=False)


def region_key() -> Column[str]:
    return Column("region", Text, primary_key=True, nullable=False)


def repository_key() -> Column[str]:
    return Column("repository_id", Text, primary_key=True, nullable=False)


def text_key(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True, nullable=False)
