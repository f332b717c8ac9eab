"""``python -m litcodec`` is the command ``litcodec``."""

import sys

from litcodec.cli import main

sys.exit(main())
