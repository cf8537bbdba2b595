"""Rules, schedule and procedures: pure functions over ``tfdash.model``, parametrised by TOML. No I/O; time is passed in."""
