"""The ids of the rules of resources: what rules, sections, views and waivers know them by. Without the rules: views are had before the
first frame, and the configuration is read without them."""

from __future__ import annotations

BAND = "resources.band"
CPU_BAND, MEMORY_BAND = "resources.band.cpu", "resources.band.memory"
HPA = "resources.hpa"
FITS = "resources.fits"
NODE = "resources.node"
AUTOSCALER = "resources.autoscaler"
VOLUME = "resources.volume"
RIGHTSIZE = "resources.rightsize"
IDLE = "resources.idle"
SPOT = "resources.spot"
SPOT_SHARE = "resources.spot.share"
UNATTACHED = "resources.unattached"
COST = "resources.cost"
HOURS = "resources.hours"
QUOTA = "resources.quota"
LIMITS = "resources.limits"
