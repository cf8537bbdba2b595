"""The verdict journal: which verdicts changed when, and who was watching. See ``view.py`` for what is read of it."""
