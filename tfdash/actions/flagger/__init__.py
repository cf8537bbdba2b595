"""Actions on Flagger Canaries."""
