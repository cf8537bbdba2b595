"""``python -m tfdash``."""

from tfdash.cli import entry

entry()
