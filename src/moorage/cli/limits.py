"""How many files and connections a process of ours may have open."""

import contextlib
import resource


def allow_many_files() -> None:
    """Raise the soft limit to the hard one; the workers inherit it. Many systems begin with 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # what was given has to do
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
