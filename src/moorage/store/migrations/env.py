"""Alembic's entry: render the change as SQL, which ``store/migrate.py`` runs on the raw driver."""

from alembic import context

context.configure(dialect_name="sqlite", as_sql=True, target_metadata=None)
context.run_migrations()
