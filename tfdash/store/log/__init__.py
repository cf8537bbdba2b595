"""The audit log of one user's terminals: entries, their chain, the files, who verifies them."""
