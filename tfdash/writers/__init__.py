"""The only code that changes anything outside. Imported by the acting composition alone."""
