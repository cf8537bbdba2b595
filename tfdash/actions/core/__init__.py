"""What every action shares: the plan, the one gate, the run, the service that screens see."""
