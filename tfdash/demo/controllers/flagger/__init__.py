"""Flagger: canaries over a Deployment and its primary, and the load tester that they ask."""
