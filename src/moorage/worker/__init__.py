"""The edge whose client is the clock."""
