"""Identities: groups, roles, managed policies, instance profiles, OIDC providers, tags and sessions beside users."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _entities()
    _roles_and_policies()
    _relations()
    _sessions()


def _entities() -> None:
    op.create_table(
        "entities",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("boundary", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "entity_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("entities_by_name", "entities", ["account_id", "kind", "name_key"], unique=True)
    op.create_index("entities_by_boundary", "entities", ["account_id", "boundary"], unique=False)
    op.execute(
        "INSERT INTO entities (account_id, entity_id, kind, name, name_key, path, created_at) "
        "SELECT account_id, user_id, 'user', name, name_key, path, created_at FROM users"
    )
    op.drop_table("users")
    op.create_table(
        "inline_policies",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "entity_id", "name"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO inline_policies (account_id, entity_id, name, document) "
        "SELECT account_id, user_id, name, document FROM user_policies"
    )
    op.drop_table("user_policies")
    op.add_column("access_keys", sa.Column("used_at", sa.BigInteger(), nullable=True))
    op.add_column("access_keys", sa.Column("used_in", sa.Text(), nullable=True))
    op.add_column("access_keys", sa.Column("used_for", sa.Text(), nullable=True))


def _roles_and_policies() -> None:
    op.create_table(
        "roles",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("trust", sa.Text(), nullable=False),
        sa.Column("resolved", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("longest", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("used_in", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "entity_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "managed_policies",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("default_version", sa.BigInteger(), nullable=False),
        sa.Column("newest_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "entity_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "policy_versions",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "entity_id", "version"),
        sqlite_with_rowid=False,
    )


def _relations() -> None:
    op.create_table(
        "attachments",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("policy_arn", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "entity_id", "policy_arn"),
        sqlite_with_rowid=False,
    )
    op.create_index("attachments_by_policy", "attachments", ["account_id", "policy_arn"], unique=False)
    op.create_table(
        "members",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("holder_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "holder_id", "member_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("members_by_member", "members", ["account_id", "member_id"], unique=False)
    op.create_table(
        "entity_tags",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "entity_id", "name_key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "oidc_providers",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("audiences", sa.Text(), nullable=False),
        sa.Column("thumbprints", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "address"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "account_aliases",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("account_aliases_by_name", "account_aliases", ["alias"], unique=True)


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("access_key_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("access_key_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("sessions_by_time", "sessions", ["expires_at"], unique=False)
    op.create_index("sessions_by_account", "sessions", ["account_id", "kind", "created_at"], unique=False)
