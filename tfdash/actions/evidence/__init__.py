"""What is known of a workload, kept in one file before anything of it is deleted."""
