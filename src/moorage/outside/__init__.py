"""Everything that is not ours: identity providers."""
