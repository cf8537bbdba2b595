"""The HTTP API of Prometheus without HTTP: a path and its parameters in, a status and a document out.

prometheus.io/docs/prometheus/latest/querying/api.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import promql_parser as promql

from tfdash.demo.prometheus import parse
from tfdash.demo.prometheus.engine import Evaluation
from tfdash.demo.prometheus.numbers import number, seconds
from tfdash.demo.prometheus.parameters import (
    Given,
    check_timeout,
    first,
    invalid,
    limit_of,
    moment,
    step_of,
)
from tfdash.demo.prometheus.rows import Scalar, Value
from tfdash.demo.prometheus.rules import Rules
from tfdash.demo.prometheus.series import QueryError, Series, Storage, key_of

VERSION = "3.16.0"
_STATUS = {"bad_data": 400, "execution": 422, "not_found": 404, "unavailable": 503, "internal": 500}
_POINTS = 11_000
_FOREVER = 2**53


class Reply(NamedTuple):
    """``document`` is JSON's, or plain text."""

    status: int
    document: Any


class Truncated(NamedTuple):
    """Data of which ``limit`` cut something off."""

    data: Any


class Api:
    """``now`` gives milliseconds; ``storage`` the samples, those of ``rules`` among them."""

    def __init__(self, storage: Storage, now: Callable[[], int], rules: Rules | None = None) -> None:
        self._storage = storage
        self._now = now
        self._rules = rules
        self._paths: dict[str, tuple[tuple[str, ...], Callable[[Given], Any]]] = {
            "query": (("GET", "POST"), self._query),
            "query_range": (("GET", "POST"), self._query_range),
            "series": (("GET", "POST"), self._series),
            "labels": (("GET", "POST"), self._labels),
            "metadata": (("GET",), self._metadata),
            "rules": (("GET",), self._rule_groups),
            "alerts": (("GET",), self._alerts),
            "status/buildinfo": (("GET",), self._buildinfo),
        }

    def answer(self, method: str, path: str, given: Given) -> Reply:
        """``path`` begins with a slash; ``given`` are the parameters of URL and form."""
        if path in ("/-/ready", "/-/healthy"):
            return Reply(200, f"Prometheus Server is {path.removeprefix('/-/').title()}.\n")
        name = path.removeprefix("/api/v1/")
        if path == name:
            return Reply(404, "404 page not found\n")
        allowed, handler = self._paths.get(name, ((), None))
        if handler is None:
            parts = name.split("/")
            if len(parts) == 3 and parts[0] == "label" and parts[2] == "values":
                allowed, handler = ("GET",), lambda g: self._label_values(parts[1], g)
            else:
                return Reply(404, "404 page not found\n")
        if method not in allowed:
            return Reply(405, "Method Not Allowed\n")
        try:
            if self._rules is not None:
                self._rules.catch_up(self._now())
            found = handler(given)
        except QueryError as error:
            refusal = {"status": "error", "errorType": error.kind, "error": str(error)}
            return Reply(_STATUS[error.kind], refusal)
        except RecursionError:
            message = "query is nested too deeply"
            return Reply(422, {"status": "error", "errorType": "execution", "error": message})
        document: dict[str, Any] = {"status": "success", "data": found}
        if isinstance(found, Truncated):
            document |= {"data": found.data, "warnings": ["results truncated due to limit"]}
        return Reply(200, document)

    # -- queries ------------------------------------------------------------------------------------------------

    def _query(self, given: Given) -> Any:
        limit = limit_of(given)
        at = moment(given, "time", self._now())
        check_timeout(given)
        tree = parse.parse(first(given, "query"))
        evaluation = Evaluation(self._storage, [at])
        bare = parse.bare(tree)
        if isinstance(bare, promql.MatrixSelector | promql.SubqueryExpr):
            return _limited("matrix", _matrix(evaluation.samples(bare)), limit)
        return _instant(evaluation.value(tree), at, limit)

    def _query_range(self, given: Given) -> Any:
        limit = limit_of(given)
        begin, end = moment(given, "start", None), moment(given, "end", None)
        if end < begin:
            raise invalid("end", "end timestamp must not be before start time")
        step = step_of(given)
        if (end - begin) // step > _POINTS:
            raise QueryError(
                "bad_data",
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution "
                "(?step=XX)",
            )
        check_timeout(given)
        tree = parse.parse(first(given, "query"))
        kind = {
            promql.MatrixSelector: "range vector",
            promql.SubqueryExpr: "range vector",
            promql.StringLiteral: "string",
        }.get(type(parse.bare(tree)))
        if kind is not None:
            raise invalid(
                "query",
                f'invalid expression type "{kind}" for range query, must be Scalar or instant Vector',
            )
        steps = list(range(begin, end + 1, step))
        found = Evaluation(self._storage, steps, (begin, end)).vector_of(tree)
        series = [
            Series(
                row.labels,
                [t for t, v in zip(steps, row.values, strict=True) if v is not None],
                [v for v in row.values if v is not None],
            )
            for row in found
        ]
        series.sort(key=lambda s: key_of(s.labels))
        return _limited("matrix", _matrix(s for s in series if s.times), limit)

    # -- what there is ------------------------------------------------------------------------------------------

    def _selected(self, given: Given, needed: bool) -> list[Series]:
        """The series with a sample in the time asked for, that match one of the ``match[]``."""
        begin, end = moment(given, "start", -_FOREVER), moment(given, "end", _FOREVER)
        asked = given.get("match[]") or ()
        if needed and not asked:
            raise QueryError("bad_data", "no match[] parameter provided")
        found: dict[Any, Series] = {}
        for matchers in [parse.selector(text) for text in asked] or [()]:
            for series in self._storage.select(matchers, begin - 1, end):
                if any(
                    begin <= t <= end
                    for t in (series.times if begin > -_FOREVER or end < _FOREVER else series.times[:1])
                ):
                    found[key_of(series.labels)] = series
        return [found[key] for key in sorted(found)]

    def _series(self, given: Given) -> Any:
        limit = limit_of(given)
        found = [s.labels for s in self._selected(given, True)]
        return _cut(found, limit)

    def _labels(self, given: Given) -> Any:
        limit = limit_of(given)
        found = sorted({name for s in self._selected(given, False) for name in s.labels})
        return _cut(found, limit)

    def _label_values(self, name: str, given: Given) -> Any:
        limit = limit_of(given)
        found = sorted({s.labels[name] for s in self._selected(given, False) if name in s.labels})
        return _cut(found, limit)

    def _metadata(self, given: Given) -> Any:
        text = first(given, "limit")
        try:
            limit = int(text) if text else -1
        except ValueError:
            raise QueryError("bad_data", "limit must be a number") from None
        wanted = first(given, "metric")
        known = self._storage.metadata()
        names = [n for n in sorted(known) if not wanted or n == wanted]
        return {
            n: [{"type": known[n][0], "help": known[n][1], "unit": ""}]
            for n in (names if limit < 0 else names[:limit])
        }

    def _rule_groups(self, given: Given) -> Any:
        kind = first(given, "type")
        if kind not in ("", "alert", "record"):
            raise invalid("type", f'not supported value "{kind}"')
        return {"groups": self._rules.groups(self._now()) if self._rules and kind != "record" else []}

    def _alerts(self, given: Given) -> Any:
        return {"alerts": self._rules.alerts() if self._rules is not None else []}

    def _buildinfo(self, given: Given) -> Any:
        return {
            "version": VERSION,
            "revision": "tfdash-demo",
            "branch": "HEAD",
            "buildUser": "tfdash",
            "buildDate": "",
            "goVersion": "",
        }


def _limited(kind: str, result: list[Any], limit: int) -> Any:
    if limit and len(result) > limit:
        return Truncated({"resultType": kind, "result": result[:limit]})
    return {"resultType": kind, "result": result}


def _cut(found: list[Any], limit: int) -> Any:
    return Truncated(found[:limit]) if limit and len(found) > limit else found


def _matrix(series: Iterable[Series]) -> list[Any]:
    return [
        {
            "metric": s.labels,
            "values": [[seconds(t), number(v)] for t, v in zip(s.times, s.values, strict=True)],
        }
        for s in series
    ]


def _instant(value: Value, at: int, limit: int) -> Any:
    if isinstance(value, str):
        return {"resultType": "string", "result": [seconds(at), value]}
    if isinstance(value, Scalar):
        return {"resultType": "scalar", "result": [seconds(at), number(value.values[0])]}
    result = [
        {"metric": row.labels, "value": [seconds(at), number(found)]}
        for row in value
        if (found := row.values[0]) is not None
    ]
    return _limited("vector", result, limit)
