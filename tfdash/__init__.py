"""tfdash: a terminal that carries out a deployment playbook."""
