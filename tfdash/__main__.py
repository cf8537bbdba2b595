"""``python -m tfdash``."""

from tfdash.cli import main

raise SystemExit(main())
