"""What workloads used over weeks, read from Prometheus a namespace and a day at a time."""
