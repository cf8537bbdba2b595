"""The only code that changes anything outside. Imported by the composition of the acting command alone."""
