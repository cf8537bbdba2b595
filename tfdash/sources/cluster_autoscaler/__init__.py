"""What the cluster-autoscaler says of itself, in a ConfigMap of one name."""
