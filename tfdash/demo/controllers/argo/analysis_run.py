"""The controller of AnalysisRuns: measures by its intervals against the simulated Prometheus, and judges the run."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import urlsplit

from tfdash.demo.apiserver.object_store import DELETED, Happened, StoreKey
from tfdash.demo.apiserver.objects import Obj, created, dig, seconds, stamp
from tfdash.demo.cluster import Cluster
from tfdash.demo.controllers.argo import analysis_rules as rules
from tfdash.demo.controllers.argo.analysis_expression import Wrong
from tfdash.demo.controllers.argo.rollout_analysis import RUNS
from tfdash.demo.controllers.behaviour import duration
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.workload import live_owner
from tfdash.demo.prometheus.server import SERVICE

_SOURCE = "rollouts-controller"
_ARGUMENT = re.compile(r"\{\{\s*args\.([\w.-]+)\s*\}\}")
_KEPT = 10  # measurements of a metric that stay in the status


class Unmeasured(Exception):
    """A measurement that ended in an error; the text is the controller's."""


class Analyses:
    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel
        kernel.store.listen(RUNS, self._own)

    def _own(self, storage: str, event: Happened) -> None:
        if event.type != DELETED:
            self._k.look(self.reconcile, event.now.key)

    def reconcile(self, key: StoreKey) -> None:
        run = live_owner(self._k.store, RUNS, key)
        if run is None:
            return
        if rules.ended(dig(run, "status", "phase")):
            self._forget(run)
            return
        now, spec = self._k.now(), run["spec"]
        metrics: list[Obj] = spec.get("metrics") or []
        if not metrics:
            self._finish(run, {"phase": "Error", "message": "Analysis spec invalid: no metrics specified"})
            return
        status: Obj = {"metricResults": [], **run.get("status", {})}
        results = {r["name"]: r for r in status["metricResults"]}
        dry = [re.compile(d.get("metricName", "")) for d in spec.get("dryRun") or ()]
        quiet = {m["name"] for m in metrics if any(p.search(m["name"]) for p in dry)}
        terminating = self._terminating(spec, results)
        for metric in metrics:
            if not terminating and self._due(run, metric, results.get(metric["name"]), now):
                results[metric["name"]] = self._measure(run, metric, results.get(metric["name"]), quiet, now)
        status.setdefault("startedAt", stamp(now))
        status |= self._judge(run, metrics, results, quiet)
        status["metricResults"] = [
            {**r, "measurements": r["measurements"][-_KEPT:]}
            for m in metrics
            if (r := results.get(m["name"]))
        ]
        if rules.ended(status["phase"]):
            self._finish(run, status)
            return
        self._k.update(RUNS, {**run, "status": {k: v for k, v in status.items() if v != ""}})
        later = [w for m in metrics if (w := self._wait(run, m, results.get(m["name"]), now)) is not None]
        if later:
            self._k.look(self.reconcile, key, max(0.05, min(later) + 0.05))

    @staticmethod
    def _terminating(spec: Obj, results: dict[str, Obj]) -> bool:
        """Asked to end, or one metric that counts has ended badly."""
        if spec.get("terminate"):
            return True
        return any(
            r.get("phase") in ("Failed", "Error", "Inconclusive") and not r.get("dryRun")
            for r in results.values()
        )

    def _due(self, run: Obj, metric: Obj, result: Obj | None, now: float) -> bool:
        wait = self._wait(run, metric, result, now)
        return wait is not None and wait <= 0

    def _wait(self, run: Obj, metric: Obj, result: Obj | None, now: float) -> float | None:
        """Seconds until the metric is measured next; None: never again."""
        if result is not None and rules.ended(result.get("phase")):
            return None
        if result is None or not result.get("measurements"):
            delay = duration(str(metric["initialDelay"])) if metric.get("initialDelay") else 0.0
            started = seconds(dig(run, "status", "startedAt")) or created(run)
            return started + delay - now if delay else 0.0
        count = rules.count_of(metric)
        if count is not None and result.get("count", 0) >= count:
            return None
        last = result["measurements"][-1]
        interval = rules.ERROR_RETRY
        if last["phase"] != "Error" and metric.get("interval"):
            interval = duration(str(metric["interval"]))
        return (seconds(last.get("finishedAt")) or now) + interval - now

    def _measure(self, run: Obj, metric: Obj, result: Obj | None, quiet: set[str], now: float) -> Obj:
        measurement: Obj = {"startedAt": stamp(now), "finishedAt": stamp(now)}
        resolved = metric
        try:
            resolved = self._resolved(run, metric)
            value, text = measure(self._k.cluster, resolved, now)
            measurement |= {"value": text, "phase": rules.measured(resolved, value)}
        except (Unmeasured, Wrong) as error:
            measurement |= {"phase": "Error", "message": str(error)}
        found = result or {"name": metric["name"], "phase": "Running", "measurements": []}
        if metric["name"] in quiet:
            found = {**found, "dryRun": True}
        query = dig(resolved, "provider", "prometheus", "query")
        if query:
            found = {**found, "metadata": {"ResolvedPrometheusQuery": query}}
        found = rules.tally(found, measurement["phase"])
        return {**found, "measurements": [*found["measurements"], measurement]}

    def _resolved(self, run: Obj, metric: Obj) -> Obj:
        values: dict[str, str] = {}
        for arg in run["spec"].get("args") or ():
            secret = dig(arg, "valueFrom", "secretKeyRef")
            values[arg["name"]] = str(arg["value"]) if arg.get("value") is not None else ""
            if secret:
                values[arg["name"]] = self._secret(run["metadata"]["namespace"], secret)

        def filled(value: Any) -> Any:
            if isinstance(value, dict):
                return {k: filled(v) for k, v in value.items()}
            if isinstance(value, list):
                return [filled(v) for v in value]
            return _ARGUMENT.sub(lambda m: argument(m[1]), value) if isinstance(value, str) else value

        def argument(name: str) -> str:
            if name not in values:
                raise Unmeasured(f"failed to resolve {{{{args.{name}}}}}")
            return values[name]

        found: Obj = filled(metric)
        return found

    def _secret(self, namespace: str, ref: Obj) -> str:
        found = self._k.store.find("secrets", namespace, ref.get("name", ""))
        if found is None:
            raise Unmeasured(f'secrets "{ref.get("name", "")}" not found')
        given = (found.get("data") or {}).get(ref.get("key", ""))
        if given is None:
            raise Unmeasured(f"key '{ref.get('key', '')}' does not exist in secret '{ref.get('name', '')}'")
        return base64.b64decode(given).decode(errors="replace")

    # -- the verdict --------------------------------------------------------------------------------------------

    def _judge(self, run: Obj, metrics: list[Obj], results: dict[str, Obj], quiet: set[str]) -> Obj:
        """Phase, message and summaries; the metrics' own phases are set in ``results``."""
        terminating = self._terminating(run["spec"], results)
        worst, message = "", "Run Terminated" if run["spec"].get("terminate") else ""
        summaries: dict[bool, Obj] = {False: {}, True: {}}
        complete = True
        for metric in metrics:
            name, dry = metric["name"], metric["name"] in quiet
            counts = summaries[dry]
            counts["count"] = counts.get("count", 0) + 1
            result = results.get(name)
            if result is None:
                complete = False
                continue
            phase = rules.metric_phase(metric, result, terminating=terminating)
            if result.get("phase") != phase:
                result = results[name] = self._turned(run, result, phase)
            if not rules.ended(phase):
                complete = False
                continue
            trouble, why = rules.trouble(metric, result)
            field = (trouble or "Successful").lower()
            counts[field] = counts.get(field, 0) + 1
            if dry:
                worst = worst or "Successful"
                if why:
                    results[name] = {**result, "message": f"Metric assessed {phase} due to {why}"}
            elif rules.worse(worst, phase):
                worst = phase
                if why:
                    message = f'Metric "{name}" assessed {phase} due to {why}'
                    if result.get("message"):
                        message += f': "Error Message: {result["message"]}"'
        told: Obj = {"runSummary": summaries[False], "dryRunSummary": summaries[True]}
        if self._terminating(run["spec"], results):
            # One that ended badly ends the others; they get their phases with it.
            for name, result in list(results.items()):
                metric = next(m for m in metrics if m["name"] == name)
                phase = rules.metric_phase(metric, result, terminating=True)
                if result.get("phase") != phase:
                    results[name] = self._turned(run, result, phase)
            return {**told, "phase": worst or "Successful", "message": message}
        if not complete or not worst:
            return {**told, "phase": "Running", "message": ""}
        return {**told, "phase": worst, "message": message}

    def _turned(self, run: Obj, result: Obj, phase: str) -> Obj:
        if rules.ended(phase):
            words = f"Metric '{result['name']}' Completed. Result: {phase}"
            kind = "Warning" if phase in ("Failed", "Error") else "Normal"
            self._k.tell(RUNS, run, kind, f"Metric{phase}", words, _SOURCE)
        last = (result.get("measurements") or [{}])[-1].get("message")
        found = {**result, "phase": phase, "message": last}
        return {k: v for k, v in found.items() if v is not None}

    def _finish(self, run: Obj, status: Obj) -> None:
        now, phase = self._k.now(), status["phase"]
        status = {**status, "completedAt": stamp(now)}
        self._k.update(RUNS, {**run, "status": {k: v for k, v in status.items() if v != ""}})
        kind = "Warning" if phase in ("Failed", "Error") else "Normal"
        self._k.tell(RUNS, run, kind, f"AnalysisRun{phase}", f"Analysis Completed. Result: {phase}", _SOURCE)

    def _forget(self, run: Obj) -> None:
        """One with a ttlStrategy is removed when its time is over."""
        ttl = run["spec"].get("ttlStrategy")
        if not ttl:
            return
        good = dig(run, "status", "phase") == "Successful"
        chosen = ttl.get(
            "secondsAfterSuccess" if good else "secondsAfterFailure", ttl.get("secondsAfterCompletion")
        )
        ended = seconds(dig(run, "status", "completedAt"))
        if chosen is None or ended is None:
            return
        left = ended + float(chosen) - self._k.now()
        key = (run["metadata"]["namespace"], run["metadata"]["name"])
        if left > 0:
            self._k.look(self.reconcile, key, left + 0.05)
        else:
            self._k.store.delete(RUNS, *key)


def measure(cluster: Cluster, metric: Obj, now: float) -> tuple[Any, str]:
    """(what the conditions see, the value as text) of one query now. Raises ``Unmeasured``."""
    provider = metric.get("provider") or {}
    prometheus = provider.get("prometheus")
    if prometheus is None:
        raise Unmeasured(
            f"the simulated platform measures with prometheus alone, not with {', '.join(provider) or 'nothing'}"
        )
    address = str(prometheus.get("address") or "")
    parts = urlsplit(address)
    if not address:
        raise Unmeasured("prometheus address is not configured")
    if not parts.scheme or not parts.hostname:
        raise Unmeasured("prometheus address is not is url format")
    _reach(cluster, address, parts.hostname, parts.port or 80)
    given = {"query": [str(prometheus.get("query", ""))], "time": [f"{now:.3f}"]}
    reply = cluster.prometheus.api.answer("POST", "/api/v1/query", given)
    if reply.status != 200:
        told = reply.document if isinstance(reply.document, dict) else {}
        raise Unmeasured(f"{told.get('errorType', 'server_error')}: {told.get('error', reply.status)}")
    data = reply.document["data"]
    if data["resultType"] == "scalar":
        value = float(data["result"][1])
        return value, rules.number(value)
    if data["resultType"] == "vector":
        values = [float(s["value"][1]) for s in data["result"] if "value" in s]
    elif data["resultType"] == "matrix":
        values = [float(v[1]) for s in data["result"] for v in s.get("values", ())]
    else:
        raise Unmeasured("Prometheus metric type not supported")
    return values, "[" + ",".join(rules.number(v) for v in values) + "]"


def _reach(cluster: Cluster, address: str, host: str, port: int) -> None:
    """Raise in the words of Go's client where no connection would come about."""
    asked = f'Post "{address.rstrip("/")}/api/v1/query": dial tcp'
    namespace, service = SERVICE
    if host.split(".")[:2] != [service, namespace]:
        raise Unmeasured(f"{asked}: lookup {host} on 10.0.0.10:53: no such host")
    if cluster.prometheus.down:
        found = cluster.store.find("services", namespace, service)
        ip = dig(found, "spec", "clusterIP", default="10.0.0.53")
        raise Unmeasured(f"{asked} {ip}:{port}: connect: connection refused")
