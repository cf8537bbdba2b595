"""Who acts on a cluster's objects: controllers, scheduler, kubelets."""
