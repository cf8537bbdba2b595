"""The controllers of cert-manager, as far as their objects tell of them: no key is made and nothing is signed."""
