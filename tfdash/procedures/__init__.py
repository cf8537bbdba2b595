"""Procedures carried out: the runs, their claims, and what does each kind of step. On the board's loop."""
