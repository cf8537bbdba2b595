"""What may be done about certificates."""
