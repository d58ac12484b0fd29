"""The commands of ``moorage account``; each is one small file."""
