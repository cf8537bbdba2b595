"""Alerting rules, evaluated as Prometheus does: at each interval of simulated time, pending until ``for`` is over."""

from __future__ import annotations

import datetime
import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from tfdash.demo.prometheus import parse
from tfdash.demo.prometheus.engine import Evaluation
from tfdash.demo.prometheus.numbers import number
from tfdash.demo.prometheus.parameters import duration_of
from tfdash.demo.prometheus.series import (
    NAME,
    STALE,
    HeldSeries,
    LabelKey,
    Labels,
    Matchers,
    Series,
    Storage,
    key_of,
)

_REACH = 3_600_000  # how far back the first evaluation looks
_KEPT = 7_200_000
_FIELD = re.compile(r"\{\{\s*\$(?:labels\.(\w+)|(value))\s*\}\}")


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One alert. ``lasting`` is the ``for`` of Prometheus."""

    alert: str
    expr: str
    lasting: str = msgspec.field(default="0s", name="for")
    labels: Labels = {}
    annotations: Labels = {}


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    interval: str = "30s"
    rules: list[Rule]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    groups: list[Group]


@cache
def shipped() -> list[Group]:
    """The demo's own rules."""
    text = files("tfdash.demo").joinpath("data", "rules.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _File).groups


class Alert:
    """One active alert of one rule."""

    __slots__ = ("active_at", "firing", "labels", "series", "value")

    def __init__(self, labels: Labels, active_at: int) -> None:
        self.labels = labels
        self.active_at = active_at
        self.value = 0.0
        self.firing = False
        self.series: Series | None = None


class Rules:
    """The alerts of one server. What they produced (``ALERTS``) is among ``storage``, which they read themselves."""

    def __init__(self, groups: list[Group], samples: Storage) -> None:
        self._groups = groups
        self._produced = HeldSeries()
        self.storage: Storage = Union(samples, self._produced)
        self._active: dict[str, dict[LabelKey, Alert]] = {r.alert: {} for g in groups for r in g.rules}
        self._done: dict[str, int] = {}  # by group: the last evaluation

    def catch_up(self, now: int) -> None:
        """Evaluate everything that was due by ``now``."""
        for group in self._groups:
            interval = duration_of(group.interval)
            newest = now // interval * interval
            last = self._done.get(group.name, 0)
            steps = list(
                range(max(last + interval, newest - _REACH // interval * interval), newest + 1, interval)
            )
            if not steps:
                continue
            self._done[group.name] = newest
            for rule in group.rules:
                self._evaluate(rule, steps)
        oldest = now - _KEPT
        self._produced.series = [s for s in self._produced.series if s.times[-1] >= oldest]

    def _evaluate(self, rule: Rule, steps: list[int]) -> None:
        rows = Evaluation(self.storage, steps).vector_of(parse.parse(rule.expr))
        active, lasting = self._active[rule.alert], duration_of(rule.lasting)
        found = []
        for row in rows:
            labels = {k: v for k, v in row.labels.items() if k != NAME}
            labels |= {k: _filled(v, row.labels, 0.0) for k, v in rule.labels.items()}
            labels["alertname"] = rule.alert
            found.append((key_of(labels), labels, row.values))
        for index, step in enumerate(steps):
            present = {}
            for key, labels, values in found:
                value = values[index]
                if value is not None:
                    present[key] = (labels, value)
            for key in [k for k in active if k not in present]:
                self._end(active.pop(key), step)
            for key, (labels, value) in present.items():
                alert = active.get(key)
                if alert is None:
                    alert = active[key] = Alert(labels, step)
                alert.value = value
                self._note(alert, step, step - alert.active_at >= lasting)

    def _note(self, alert: Alert, step: int, firing: bool) -> None:
        if alert.series is None or firing != alert.firing:
            self._end(alert, step)
            alert.firing = firing
            labels = {**alert.labels, NAME: "ALERTS", "alertstate": "firing" if firing else "pending"}
            alert.series = Series(labels, [], [])
            self._produced.series.append(alert.series)
        assert isinstance(alert.series.times, list) and isinstance(alert.series.values, list)
        alert.series.times.append(step)
        alert.series.values.append(1.0)

    def _end(self, alert: Alert, step: int) -> None:
        series, alert.series = alert.series, None
        if series is not None:
            assert isinstance(series.times, list) and isinstance(series.values, list)
            series.times.append(step)
            series.values.append(STALE)

    # -- telling ------------------------------------------------------------------------------------------------

    def _told(self, rule: Rule) -> list[dict[str, Any]]:
        return [
            {
                "labels": a.labels,
                "annotations": {k: _filled(v, a.labels, a.value) for k, v in rule.annotations.items()},
                "state": "firing" if a.firing else "pending",
                "activeAt": _stamp(a.active_at),
                "value": _exponent(a.value),
            }
            for a in self._active[rule.alert].values()
        ]

    def alerts(self) -> list[dict[str, Any]]:
        """The document of ``/api/v1/alerts``."""
        return [alert for g in self._groups for rule in g.rules for alert in self._told(rule)]

    def groups(self, now: int) -> list[dict[str, Any]]:
        """The document of ``/api/v1/rules``."""
        found = []
        for group in self._groups:
            evaluated = _stamp(self._done.get(group.name, now))
            rules = []
            for rule in group.rules:
                alerts = self._told(rule)
                states = {a["state"] for a in alerts}
                state = "firing" if "firing" in states else "pending" if states else "inactive"
                rules.append(
                    {
                        "state": state,
                        "name": rule.alert,
                        "query": rule.expr,
                        "labels": rule.labels,
                        "alerts": alerts,
                        "duration": duration_of(rule.lasting) / 1000,
                        "keepFiringFor": 0,
                        "annotations": rule.annotations,
                        "health": "ok",
                        "evaluationTime": 0.001,
                        "lastEvaluation": evaluated,
                        "type": "alerting",
                    }
                )
            found.append(
                {
                    "name": group.name,
                    "file": "/etc/prometheus/rules.yml",
                    "rules": rules,
                    "limit": 0,
                    "interval": duration_of(group.interval) / 1000,
                    "evaluationTime": 0.001,
                    "lastEvaluation": evaluated,
                }
            )
        return found


class Union:
    """Several storages as one."""

    def __init__(self, *parts: Storage) -> None:
        self._parts = parts

    def select(self, matchers: Matchers, begin: int, end: int) -> list[Series]:
        return [series for part in self._parts for series in part.select(matchers, begin, end)]

    def metadata(self) -> dict[str, tuple[str, str]]:
        return {name: told for part in self._parts for name, told in part.metadata().items()}


def _filled(template: str, labels: Labels, value: float) -> str:
    """``{{ $labels.app }}`` and ``{{ $value }}`` filled in; the rest of Go's templates stays as it is."""
    return _FIELD.sub(lambda m: labels.get(m.group(1), "") if m.group(1) else number(value), template)


def _stamp(milliseconds: int) -> str:
    moment = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC)
    return moment.isoformat().replace("+00:00", "Z")


def _exponent(value: float) -> str:
    """As Go's ``%e`` with the fewest digits: 1e+00."""
    from decimal import Decimal

    if value != value or value in (float("inf"), float("-inf")):
        return number(value)
    mantissa, _, exponent = f"{Decimal(repr(value)).normalize():e}".partition("e")
    return f"{mantissa}e{int(exponent or 0):+03d}"
