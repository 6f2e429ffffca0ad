"""``python -m archgen``: the command line."""

import sys

from archgen.cli import main

sys.exit(main())
