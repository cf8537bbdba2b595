"""The rules. Nobody else compares a number with a limit."""
