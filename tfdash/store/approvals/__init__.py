"""A second person, stamped by a server; and break-glass, which waives one for an hour."""
