"""Schema changes, one file a version, run by ``store/migrate.py`` alone."""
