"""Measurements against a real API server. See README.md."""
