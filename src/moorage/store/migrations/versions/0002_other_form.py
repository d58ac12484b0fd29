"""The digest that an image's other form has, so that what was converted by tag is found by digest too."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("images", sa.Column("other_form", sa.Text(), nullable=True))
    op.create_index(
        "images_by_other_form", "images", ["account_id", "region", "repository_id", "other_form"], unique=False
    )
