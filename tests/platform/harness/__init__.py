"""The test platform: a real Kubernetes control plane with KWOK and metrics-server, built once and started in seconds."""
