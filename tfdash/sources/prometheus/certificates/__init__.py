"""What exporters tell Prometheus of certificates."""
