"""The Kubernetes API of one simulated cluster, over the objects that it keeps."""
