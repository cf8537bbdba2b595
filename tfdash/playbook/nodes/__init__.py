"""Whether nodes can carry pods."""
