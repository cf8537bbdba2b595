"""The four ways to change an object by a patch: JSON, merge, strategic merge, server-side apply."""
