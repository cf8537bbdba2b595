"""Where the commands of procedures run: each a ``tfdash.procedures.protocols.Place``."""
