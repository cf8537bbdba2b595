"""A Kubernetes cluster as a source: kubeconfig, credentials, the reading client, list and watch, logs.

``source.KubernetesSource`` puts the modules together. Which kinds it reads stands in
``tfdash.model.kinds``; how each is decoded, in ``decoders``. Nothing here is imported before the first frame but
``kubeconfig``, ``credentials``, ``discovery`` and ``table_prefetch``: httpx costs 50 ms.
"""
