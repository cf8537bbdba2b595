"""Argo Rollouts with its analyses, and Argo CD."""
