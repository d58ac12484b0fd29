"""The commands of ``moorage instance``; each is one small file."""
