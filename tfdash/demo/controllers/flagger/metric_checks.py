"""Flagger's metric checks against the simulated Prometheus: success rate, duration, and queries of one's own."""

from __future__ import annotations

import math

from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.cluster import Cluster
from tfdash.demo.controllers.argo.analysis_run import Unmeasured, measure

PROMETHEUS = "http://prometheus.platform:9090"


def wrong_with(cluster: Cluster, metric: Obj, app: str, place: str, now: float) -> str:
    """What is wrong with one metric, in Flagger's words, or ""."""
    name, bounds = metric.get("name", ""), metric.get("thresholdRange") or {}
    window = metric.get("interval", "1m")
    namespace = place.partition(".")[2]
    chosen = f'namespace="{namespace}",app="{app}",pod=~"{app}-[a-z0-9]+-[a-z0-9]+"'
    if name == "request-success-rate":
        bad = f'{chosen},code=~"5.."'
        asked = f"100 * (1 - (sum(rate(http_requests_total{{{bad}}}[{window}])) or vector(0)) / sum(rate(http_requests_total{{{chosen}}}[{window}])))"
    elif name == "request-duration":
        bucket = f"http_request_duration_seconds_bucket{{{chosen}}}"
        asked = f"1000 * histogram_quantile(0.99, sum by (le) (rate({bucket}[{window}])))"
    else:
        asked = str(metric.get("query", ""))
    provider = {"provider": {"prometheus": {"address": PROMETHEUS, "query": asked}}}
    try:
        found, _ = measure(cluster, provider, now)
    except Unmeasured as error:
        return f"Prometheus query failed: {error}"
    value = found if isinstance(found, float) else (found[0] if found else math.nan)
    if math.isnan(value):
        if name == "request-success-rate":
            return f"Halt advancement no values found for prometheus metric {name} probably {app}.{namespace} is not receiving traffic"
        return f"Halt advancement no values found for metric: {name}"
    what, unit = ("success rate", "%") if name == "request-success-rate" else (name, "")
    if name == "request-duration":
        what = "request duration"
    shown = f"{value:.2f}{unit}"
    if bounds.get("min") is not None and value < float(bounds["min"]):
        return f"Halt {place} advancement {what} {shown} < {bounds['min']}{unit}"
    most = bounds.get("max", metric.get("threshold") if name != "request-success-rate" else None)
    if most is not None and value > float(most):
        return f"Halt {place} advancement {what} {shown} > {most}{unit}"
    if not bounds and name == "request-success-rate" and float(metric.get("threshold", 0)) > value:
        return f"Halt {place} advancement {what} {shown} < {metric['threshold']}{unit}"
    return ""
