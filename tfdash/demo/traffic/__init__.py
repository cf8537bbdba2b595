"""The requests that the simulated services get, as a Prometheus would have scraped them.

What happened in the world is noted as it happens (``history``): which pods were there, served, with which share and how
well they answered. The samples are drawn from that only when somebody asks (``samples``), each scrape from its own place
in a stream of random numbers, so that the same seed gives the same samples whenever they are asked for.
"""
