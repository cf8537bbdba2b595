"""The controllers of cert-manager, as far as their objects tell of them; what they sign is made in ``tfdash.demo.addresses.issuing``."""
