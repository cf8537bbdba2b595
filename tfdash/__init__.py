"""tfdash: a terminal that carries out a deployment playbook."""

__version__ = "0.1.0"
