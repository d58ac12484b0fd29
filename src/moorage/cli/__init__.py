"""Words on a terminal; each command is one small file."""
