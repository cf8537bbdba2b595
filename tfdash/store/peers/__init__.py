"""Other terminals: this user's own, those on the shared store, and those that only a cluster knows of."""
