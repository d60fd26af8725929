"""``python -m xlagrad``: the command :mod:`xlagrad.cli.main`."""

import sys

from xlagrad.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
