"""A Kubernetes cluster as a source: kubeconfig, credentials, the reading client, list and watch, logs.

``source.KubernetesSource`` puts the modules together. Nothing here is imported before the first frame but
``kubeconfig``, ``fastpath`` and ``kinds``: httpx costs 50 ms.
"""
