"""Actions on Kubernetes objects: requests, what came of them, and what is seen afterwards."""
