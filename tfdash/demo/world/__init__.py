"""The simulated world: nodes, kubelets, a scheduler and controllers that act on one cluster's objects."""
