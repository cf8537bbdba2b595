"""Whether certificates are renewed in time, and why not."""
