"""`python -m mqlight_devserver`."""

from __future__ import annotations

import sys

from mqlight_devserver.cli import main

if __name__ == "__main__":
    sys.exit(main())
