"""Alembic's folder: one file a revision, run by `agentkit.store.schema` in one transaction."""
