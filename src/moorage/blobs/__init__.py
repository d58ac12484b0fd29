"""Bytes by opaque storage key: drafts that are written piece by piece, blobs that are whole. Knows no digest."""
