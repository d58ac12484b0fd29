"""Bytes from the network become one call of one operation; its answer becomes bytes."""
