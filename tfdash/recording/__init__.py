"""What entered the board and what was judged of it, kept in a file or in a ring of the last minutes, and read again.

``codec``      any value of ``tfdash.model`` as MessagePack, by the names of types and fields, and back: known types alone
``series``     samples in columns: only what was added is written
``frames``     the file: a header, then frames, compressed, each with its checksum, chained by SHA-256
``recorder``   takes from the board by reference, encodes and writes on a thread of its own
``ring``       segments of a terminal's last minutes, and those of terminals that ended
``reading``    a recording by time: it is untrusted, and read within bounds
"""
