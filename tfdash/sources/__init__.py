"""How the platform is observed. Each source publishes observations to a board and never raises into it."""
