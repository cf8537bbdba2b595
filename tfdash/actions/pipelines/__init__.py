"""Actions that the configuration hands to a pipeline."""
