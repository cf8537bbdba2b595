"""Releases as Helm stores them in the cluster: opt-in, since what it stores may hold secrets."""
