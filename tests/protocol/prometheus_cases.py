"""The samples and questions of the Prometheus contract, and the answers that a real Prometheus gave to them.

``python -m tests.protocol.prometheus_cases`` asks a real server and writes ``prometheus_answers.json`` anew. The tests
hold the simulator to those answers always, and under ``--platform`` the real server too.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tfdash.demo.prometheus.series import NAME, STALE, HeldSeries, Series

ANSWERS = Path(__file__).with_name("prometheus_answers.json")
BEGIN = 1_795_500_000_000  # milliseconds; 2026-11-24T06:00:00Z
STEP = 15_000
Params = list[tuple[str, str]]
_NAN = float("nan")


def _counter(seed: int, count: int, resets: tuple[int, ...] = (), per: int = 40) -> list[float]:
    """A counter that grows unevenly, by a small generator of our own, so that it never changes with a library."""
    values, value, state = [], 0.0, seed
    for index in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        value = float(state % 7) if index in resets else value + state % per
        values.append(value)
    return values


def _series(
    name: str, values: list[float], begin: int = 0, step: int = STEP, jitter: int = 0, **labels: str
) -> Series:
    times = [BEGIN + begin + jitter + index * step for index in range(len(values))]
    return Series({NAME: name, **labels}, times, values)


def _histogram(seed: int, count: int, **labels: str) -> list[Series]:
    bounds = ("0.005", "0.05", "0.1", "0.25", "0.5", "1", "+Inf")
    parts = [_counter(seed + index, count, per=3 + 5 * index) for index in range(len(bounds))]
    found, below = [], [0.0] * count
    for bound, part in zip(bounds, parts, strict=True):
        below = [a + b for a, b in zip(below, part, strict=True)]
        found.append(_series("latency_bucket", below, le=bound, jitter=seed * 37, **labels))
    found.append(_series("latency_count", below, jitter=seed * 37, **labels))
    found.append(_series("latency_sum", [0.13 * v for v in below], jitter=seed * 37, **labels))
    return found


SERIES: list[Series] = [
    # increase of 0 1 2 3 2 3 4 over half an hour is 7 (promql/promqltest/testdata/functions.test)
    _series("known_total", [0, 1, 2, 3, 2, 3, 4], step=300_000),
    _series("reset_mid_total", [0, 10, 20, 30, 40, 0, 10, 20, 30, 40, 50], step=300_000),
    _series("requests_total", _counter(1, 120), pod="a", code="200", version="v1"),
    _series("requests_total", _counter(2, 120, per=4), pod="a", code="500", version="v1"),
    _series("requests_total", _counter(3, 120, (37, 80)), pod="b", code="200", version="v1", jitter=4_123),
    _series(
        "requests_total",
        _counter(4, 70, per=3),
        pod="b",
        code="503",
        version="v1",
        jitter=4_123,
        begin=450_000,
    ),
    _series(
        "requests_total", _counter(5, 40), pod="c", code="200", version="v2", jitter=9_001, begin=1_000_000
    ),
    _series("requests_total", [1, 1, 3], pod="c", code="500", version="v2", jitter=9_001, begin=1_500_000),
    _series("requests_total", [7], pod="d", code="200", version="v2", begin=1_700_000),
    *_histogram(3, 120, pod="a"),
    *_histogram(9, 120, pod="b"),
    _series("few_bucket", [3, 5, 8], le="0.1"),
    _series("few_bucket", [4, 6, 9], le="1"),
    _series("single_bucket", [1, 2, 3], le="+Inf"),
    _series("top_bucket", [0, 0, 0], le="0.1"),
    _series("top_bucket", [1, 2, 3], le="1"),
    _series("top_bucket", [5, 9, 30], le="+Inf"),
    _series("temperature", [20, 21.5, _NAN, 19, -3.25, 1e-7, 1e21, 7] * 10, room="hall"),
    _series("temperature", [float(v % 9) for v in _counter(8, 80)], room="cellar", jitter=1_777),
    _series("temperature", [float("inf"), float("-inf"), 5, 5, 5, 6] * 8, room="attic"),
    _series("line", [float(3 * i) for i in range(60)], side="left"),
    _series("version_info", [1.0] * 120, pod="a", build="v1", extra=""),
    _series("version_info", [1.0] * 120, pod="b", build="v1"),
    _series("version_info", [1.0] * 120, pod="c", build="v2"),
    _series("up", [1.0] * 60 + [0.0] * 60, job="web", instance="10.0.0.1:8080"),
    _series("up", [1.0] * 120, job="web", instance="10.0.0.2:8080"),
    _series("gappy", [1.0, 2.0, 3.0], step=400_000),
]


def openmetrics(held_series: Iterable[Series] = SERIES) -> str:
    """The samples as promtool wants them: by name, then by series, then by time; without stale markers."""
    lines = []
    for series in sorted(held_series, key=lambda s: s.labels[NAME]):
        labels = ",".join(f'{k}="{v}"' for k, v in sorted(series.labels.items()) if k != NAME and v)
        for time, value in zip(series.times, series.values, strict=True):
            if value is STALE:
                continue
            shown = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}.get(repr(float(value)), repr(float(value)))
            lines.append(f"{series.labels[NAME]}{{{labels}}} {shown} {time / 1000:.3f}")
    return "\n".join([*lines, "# EOF", ""])


def held() -> HeldSeries:
    return HeldSeries(
        Series({k: v for k, v in s.labels.items() if v}, s.times, [float(v) for v in s.values])
        for s in SERIES
    )


def at(minutes: float) -> str:
    return f"{BEGIN / 1000 + minutes * 60:.3f}"


INSTANT = [
    # selectors
    "requests_total",
    'requests_total{code="500"}',
    'requests_total{code=~"5.."}',
    'requests_total{code!~"5.."}',
    'requests_total{pod!="a"}',
    'requests_total{missing=""}',
    'requests_total{missing!=""}',
    '{__name__=~"top_.*"}',
    '{__name__="gappy"}',
    "requests_total offset 5m",
    "requests_total offset -2m",
    f"requests_total @ {at(10)}",
    "requests_total @ start()",
    f"requests_total @ {at(28)} offset 3m",
    "nothing_here",
    "requests_total[45s]",
    'requests_total{pod="a"}[1m] offset 3m',
    'version_info{extra=""}',
    'requests_total{pod=~"a|b",code=~"2.*"}',
    'requests_total{pod=~""}',
    'requests_total{pod=~".+"}',
    'requests_total{pod=~"[ab"}',
    # rates
    "rate(requests_total[5m])",
    "rate(requests_total[1m])",
    "rate(requests_total[20s])",
    "increase(requests_total[5m])",
    "increase(requests_total[10m] offset 2m)",
    "irate(requests_total[5m])",
    "idelta(requests_total[5m])",
    "delta(temperature[5m])",
    "resets(requests_total[30m])",
    "changes(temperature[10m])",
    "increase(known_total[30m])",
    "increase(known_total[1800s1ms])",
    "rate(reset_mid_total[50m])",
    "rate(reset_mid_total[51m])",
    "deriv(line[5m])",
    "predict_linear(line[5m], 3600)",
    "predict_linear(line[5m] offset 1m, 60)",
    "deriv(requests_total[5m])",
    "rate(gappy[10m])",
    "rate(temperature[5m])",
    "increase(temperature[45s])",
    "irate(temperature[5m])",
    "rate(temperature[1m] offset 4m)",
    "max_over_time(increase(temperature[1m])[10m:15s])",
    "increase(requests_total[5m] @ end())",
    "delta(line[2m])",
    # over time
    *(
        f"{name}_over_time(temperature[5m])"
        for name in ("avg", "sum", "min", "max", "count", "last", "present", "stddev", "stdvar")
    ),
    "quantile_over_time(0.9, temperature[5m])",
    "quantile_over_time(2, temperature[5m])",
    "absent_over_time(up[5m])",
    'absent_over_time(nothing{a="b",c!="d"}[5m])',
    "stddev_over_time(line[5m])",
    "quantile_over_time(0.35, line[7m])",
    # subqueries
    "max_over_time(rate(requests_total[1m])[10m:30s])",
    "avg_over_time(sum(rate(requests_total[2m]))[5m:])",
    "requests_total[2m:37s]",
    "min_over_time(line[5m:1m] offset 1m)",
    "rate(line[5m:15s])",
    "count_over_time(vector(1)[5m:10s])",
    "sum_over_time((time() > 0)[1m:15s])",
    f"max_over_time(line[5m:1m] @ {at(12)})",
    # aggregation
    *(
        f"{op}(rate(requests_total[5m]))"
        for op in ("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar")
    ),
    "sum by (version) (rate(requests_total[5m]))",
    "sum without (pod, code) (requests_total)",
    "sum by (nope) (up)",
    "sum by (version, code) (increase(requests_total[5m]))",
    "topk(2, requests_total)",
    "bottomk(2, requests_total)",
    "topk by (version) (1, requests_total)",
    "topk(0, up)",
    "topk(2.9, requests_total)",
    "topk(-1, up)",
    "topk(NaN, up)",
    "quantile(0.5, requests_total)",
    "quantile(0.9, temperature)",
    "quantile(-1, up)",
    "count_values('v', up)",
    "count_values by (job) ('job', up)",
    "sum(temperature)",
    "avg(temperature)",
    "max(temperature)",
    "min(temperature)",
    "stddev(temperature)",
    "topk(5, temperature)",
    "bottomk(5, temperature)",
    "count(nothing_here)",
    "sum(nothing_here)",
    # histograms
    "histogram_quantile(0.9, rate(latency_bucket[5m]))",
    "histogram_quantile(0.5, sum by (le) (rate(latency_bucket[5m])))",
    "histogram_quantile(0.9, sum by (pod, le) (increase(latency_bucket[5m])))",
    "histogram_quantile(0.5, few_bucket)",
    "histogram_quantile(0.5, single_bucket)",
    "histogram_quantile(0.9, top_bucket)",
    "histogram_quantile(0.99, latency_bucket)",
    "histogram_quantile(1.5, latency_bucket)",
    "histogram_quantile(-1, latency_bucket)",
    "histogram_quantile(NaN, latency_bucket)",
    "histogram_quantile(0, latency_bucket)",
    "histogram_quantile(0.9, up)",
    "histogram_quantile(0.9, rate(latency_bucket[5m]) * 0)",
    "rate(latency_sum[5m]) / rate(latency_count[5m])",
    # operators
    "up + 1",
    "1 + up",
    "up * 2 / 3 - 1",
    "-up",
    "- requests_total",
    "2 ^ 3 ^ 2",
    "-2 ^ 2",
    "7 % 3",
    "-7 % 3",
    "temperature % 3",
    "1 / 0",
    "-1 / 0",
    "0 / 0",
    "up / 0",
    "1 > bool 2",
    "2 >= bool 2",
    "up == 1",
    "up == bool 1",
    "up != 1",
    "1 < up",
    "0 < bool up",
    "temperature > 0",
    "temperature == temperature",
    "temperature != temperature",
    "requests_total > requests_total / 2",
    "requests_total > bool 100",
    "requests_total atan2 2",
    "1 atan2 2",
    "up and up",
    'up and up{instance=~".*1:.*"}',
    'up unless up{instance=~".*1:.*"}',
    "up or version_info",
    "up or on(nothing) version_info",
    "up and on(job) up",
    "up or vector(1)",
    "nothing_here or vector(0)",
    "up unless nothing_here",
    "vector(1) and vector(2)",
    'sum by (pod) (requests_total{code=~"5.."}) / sum by (pod) (requests_total)',
    'requests_total{code="500"} / ignoring(code) requests_total{code="200"}',
    'requests_total{code="500"} / on(pod) requests_total{code="200"}',
    "requests_total * on(pod) group_left(build) version_info",
    "version_info * on(pod) group_right(build) requests_total",
    "requests_total * on(pod) version_info",
    "version_info * on(pod) requests_total",
    "requests_total / ignoring(code) requests_total",
    "requests_total + on() up",
    "requests_total * ignoring(code, version, build) group_left version_info",
    "requests_total == on(pod, code) requests_total",
    "requests_total > on(pod) group_left version_info",
    "requests_total > bool on(pod) group_left version_info",
    "sum by (version) (requests_total * on(pod) group_left(build) version_info)",
    "up + nothing_here",
    "requests_total - requests_total offset 1m",
    "up * on(instance) group_left(pod) version_info",
    "sum(requests_total) > 5 and sum(requests_total) < 1e9",
    "(up)",
    "((1))",
    "1 + 2 * 3",
    "5m",
    "1h + 1",
    # functions
    "abs(temperature)",
    "ceil(temperature)",
    "floor(temperature)",
    "round(temperature)",
    "round(temperature, 0.5)",
    "round(line, 7)",
    "round(vector(-2.5))",
    "clamp(temperature, 0, 10)",
    "clamp(temperature, 10, 0)",
    "clamp_min(temperature, 3)",
    "clamp_max(temperature, 3)",
    "sqrt(temperature)",
    "ln(temperature)",
    "log2(line)",
    "log10(line)",
    "exp(line)",
    "exp(vector(1000))",
    "sgn(temperature)",
    "scalar(up)",
    'scalar(up{instance="10.0.0.2:8080"})',
    "vector(3)",
    "vector(time())",
    "time()",
    "pi()",
    "timestamp(requests_total)",
    "timestamp(requests_total * 1)",
    "timestamp(up offset 1m)",
    "absent(up)",
    "absent(nothing_here)",
    'absent(nothing{a="b",c=~"d",e="f",e="g"})',
    "absent(sum(nothing_here))",
    "sort(requests_total)",
    "sort_desc(requests_total)",
    "sort_desc(temperature)",
    "hour()",
    "minute(vector(1795500000))",
    "day_of_week()",
    "day_of_month()",
    "month()",
    "year()",
    "days_in_month(vector(1772000000))",
    "day_of_year()",
    'label_replace(up, "host", "$1", "instance", "(.*):.*")',
    'label_replace(up, "host", "x-${1}-$2", "instance", "(.*):(.*)")',
    'label_replace(up, "job", "", "instance", ".*")',
    'label_replace(up, "host", "$1", "instance", "no(.*)")',
    'label_replace(up, "instance", "same", "job", "web")',
    'label_replace(up, "host", "$1", "instance", "(")',
    'label_replace(up, "new", "$name", "instance", "(?P<name>[0-9]+).*")',
    'label_join(up, "both", "/", "job", "instance")',
    'label_join(up, "job", "", "nothing")',
    "deg(vector(pi()))",
    "rad(vector(180))",
    'label_replace(requests_total, "__name__", "renamed", "pod", "a")',
    # text and numbers
    '"text"',
    "1",
    "1e30",
    "1e-9",
    "0.1 + 0.2",
    "NaN",
    "Inf",
    "-Inf",
    "0x1F",
    "1e3",
    ".5",
    "123456789.125",
    # refused
    "",
    "sum(",
    "rate(up)",
    "up[5m] + 1",
    "nofunction(up)",
    "up{",
    "{}",
    '{__name__=~".*"}',
    "sum by (a",
    "rate(up[5m]) > bool",
    "1 > 2",
    "up and 1",
    "topk(up, up)",
    "abs(1)",
    "histogram_quantile(0.9)",
    '"a" + 1',
    "up offset",
    "up[5m][5m]",
    "up[0s]",
    "limitk(2, up)",
    "mad_over_time(up[5m])",
    "sort_by_label(up, 'job')",
    "label_replace(up, 'a', 'b')",
    "up{job='web' or job='x'}",
    "sum(up, up)",
    "count_values(1, up)",
    "vector(up)",
    "up @ nothing",
    "group_left(up)",
    "up{job=web}",
    "3 + (",
    "rate(up[5m]",
    'label_join(up, "", ",", "job")',
    'label_replace(up, "", "x", "job", ".*")',
]
WHEN = (9.5, 27.35)
OUTSIDE: list[tuple[str, str]] = [
    ("up", at(-1)),
    ("up", at(34.7)),
    ("up", at(34.8)),
    ("rate(up[5m])", at(33)),
    ("up", "nothing"),
]


def _range(query: str, begin: float, end: float, step: str) -> Params:
    return [("query", query), ("start", at(begin)), ("end", at(end)), ("step", step)]


RANGES: list[Params] = [
    _range("rate(requests_total[5m])", 0, 33, "60"),
    _range("sum by (version) (rate(requests_total[2m]))", 0, 33, "37"),
    _range("requests_total", 15, 36, "1m"),
    _range("up", -2, 40, "2m"),
    _range("up == 0", 0, 34, "1m"),
    _range("topk(1, requests_total)", 5, 30, "3m"),
    _range('sum(rate(requests_total{code=~"5.."}[5m])) / sum(rate(requests_total[5m]))', 0, 33, "2m30s"),
    _range("histogram_quantile(0.9, sum by (le) (rate(latency_bucket[5m])))", 0, 33, "90"),
    _range("requests_total @ end() - requests_total @ start()", 10, 20, "5m"),
    _range("max_over_time(sum(rate(requests_total[1m]))[5m:1m])", 5, 30, "4m"),
    _range("1 + 1", 0, 1, "30"),
    _range("time()", 0, 1, "7.5"),
    _range("vector(2)", 0, 1, "30"),
    _range("absent(gappy)", 0, 30, "2m"),
    _range("up * on(instance) group_left version_info", 0, 30, "2m"),
    _range("scalar(gappy)", 0, 30, "2m"),
    _range("gappy or up", 0, 30, "4m"),
    _range("count(requests_total) by (pod)", 0, 33, "3m"),
    _range("timestamp(gappy)", 0, 20, "3m"),
    _range("temperature", 0, 3, "15"),
    _range("nothing_here", 0, 1, "15"),
    _range("up[5m]", 0, 1, "15"),
    _range('"text"', 0, 1, "15"),
    _range("sum(", 0, 1, "15"),
    _range("up", 1, 0, "15"),
    _range("up", 0, 1, "0"),
    _range("up", 0, 1, "-5"),
    _range("up", 0, 1, "x"),
    _range("up", 0, 30, "0.1"),
    _range("up", 0, 1, ""),
    [("query", "up"), ("start", at(0)), ("end", "soon"), ("step", "15")],
    [("query", "up"), ("end", at(0)), ("step", "15")],
    [
        ("query", "up"),
        ("start", "2026-11-24T06:05:00Z"),
        ("end", "2026-11-24T07:07:00+01:00"),
        ("step", "1m"),
    ],
    [*_range("up", 0, 1, "15"), ("limit", "1")],
    [*_range("up", 0, 1, "15"), ("limit", "-1")],
    [*_range("up", 0, 1, "15"), ("limit", "x")],
    _range("requests_total * on(pod) version_info", 0, 30, "5m"),
    [*_range("up", 0, 1, "15"), ("timeout", "x")],
    [*_range("up", 0, 1, "15"), ("timeout", "10s")],
]
_SPAN = [("start", at(0)), ("end", at(34))]
OTHERS: list[tuple[str, Params]] = [
    ("series", [("match[]", "up"), *_SPAN]),
    ("series", [("match[]", 'requests_total{code="500"}'), ("match[]", "gappy"), *_SPAN]),
    ("series", _SPAN),
    ("series", [("match[]", "up{"), *_SPAN]),
    ("series", [("match[]", "rate(up[5m])"), *_SPAN]),
    ("series", [("match[]", '{__name__=~"few.*|top.*"}'), ("start", at(0)), ("end", at(34)), ("limit", "2")]),
    ("series", [("match[]", "up"), ("start", "x")]),
    ("series", [("match[]", "nothing_here"), *_SPAN]),
    ("labels", _SPAN),
    ("labels", [("match[]", "requests_total"), *_SPAN]),
    ("labels", [("match[]", "{}"), *_SPAN]),
    ("label/pod/values", _SPAN),
    ("label/pod/values", [("match[]", 'requests_total{version="v2"}'), *_SPAN]),
    ("label/__name__/values", _SPAN),
    ("label/nothing/values", _SPAN),
    ("metadata", []),
    ("metadata", [("limit", "x")]),
    ("rules", []),
    ("rules", [("type", "alert")]),
    ("rules", [("type", "x")]),
    ("alerts", []),
    ("nothing", []),
    ("query", []),
    ("query", [("query", "up"), ("time", "2026-11-24T06:05:00.5Z")]),
    ("query", [("query", "up"), ("time", at(5)), ("limit", "1")]),
]


def cases() -> list[tuple[str, Params]]:
    """Every question: a path below /api/v1 and its parameters."""
    found = [("query", [("query", query), ("time", at(when))]) for query in INSTANT for when in WHEN]
    found += [("query", [("query", query), ("time", when)]) for query, when in OUTSIDE]
    found += [("query_range", params) for params in RANGES]
    return [*found, *OTHERS]


def name_of(case: tuple[str, Params]) -> str:
    return case[0] + "?" + urllib.parse.urlencode(case[1])


def ask(url: str, case: tuple[str, Params], method: str = "GET") -> tuple[int, Any]:
    """A server's answer: status and document, or text."""
    form = urllib.parse.urlencode(case[1])
    target = f"{url}/api/v1/{case[0]}" + (f"?{form}" if method == "GET" else "")
    call = urllib.request.Request(target, method=method, data=form.encode() if method == "POST" else None)
    try:
        with urllib.request.urlopen(call, timeout=20) as answer:
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    try:
        return status, json.loads(body)
    except ValueError:
        return status, body.decode()


def told(status: int, document: Any) -> dict[str, Any]:
    """What of an answer is compared: the error's type but not its words, and no advice about a query's style."""
    if not isinstance(document, dict):
        return {"status": status}
    if document.get("status") == "error":
        return {"status": status, "errorType": document["errorType"]}
    found = {"status": status, "data": document["data"]}
    if document.get("warnings") == ["results truncated due to limit"]:
        found["truncated"] = True
    return found


def record() -> None:
    from tests.platform.harness.prometheus import Prometheus

    with Prometheus(openmetrics=openmetrics()) as server:
        answers = {name_of(case): told(*ask(server.url, case)) for case in cases()}
    lines = [f"{json.dumps(key)}: {json.dumps(value, sort_keys=True)}" for key, value in answers.items()]
    ANSWERS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    record()
