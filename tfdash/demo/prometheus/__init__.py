"""A Prometheus for the simulated platform: PromQL as Prometheus 3 evaluates it, its HTTP API, a few alerts.

Documented behaviour of prometheus.io/docs/prometheus/latest/querying, held to a real Prometheus by
``tests/protocol/test_prometheus.py``.
"""
