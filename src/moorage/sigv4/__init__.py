"""Signature Version 4, both directions: canonicalise, sign, verify, presign. Pure."""
