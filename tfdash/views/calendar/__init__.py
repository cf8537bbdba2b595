"""Tab 5: the release calendar and the dated promises, as month, week, agenda and audit. Pure."""
