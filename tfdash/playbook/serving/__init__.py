"""Whether workloads serve: health, the state of their release, the cause of a stuck one."""
