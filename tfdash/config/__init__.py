"""Settings from TOML. ``quick`` for the first frame, ``load`` for the whole, validated; ``problems`` for the faults."""
