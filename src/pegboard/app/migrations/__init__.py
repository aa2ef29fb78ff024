"""The schema's history, run by Alembic under the owner's role."""
