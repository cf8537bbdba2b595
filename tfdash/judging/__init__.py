"""Parts of the judge: what belongs to what, and the releases."""
