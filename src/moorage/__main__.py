"""``python -m moorage`` is the command ``moorage``."""

from moorage.cli.main import main

if __name__ == "__main__":
    main()
