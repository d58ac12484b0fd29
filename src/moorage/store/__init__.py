"""Metadata in SQL: one file per table, one transaction per operation."""
