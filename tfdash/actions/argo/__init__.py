"""Actions on Argo Rollouts."""
