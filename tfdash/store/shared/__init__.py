"""The shared PostgreSQL: its schema, the calls to it, and the way there and back."""
