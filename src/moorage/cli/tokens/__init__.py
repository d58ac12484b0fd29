"""The commands of ``moorage token``; each is one small file."""
