"""Metric families: which series are a workload's requests, errors and latencies. Shipped as TOML, own ones in the configuration."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Literal

from tfdash.setting import Note, SettingsTable, Texts, read
from tfdash.sources.prometheus.selector import (
    Matcher,
    SelectorError,
    SeriesSelector,
    matches,
    parse_matchers,
    parse_selector,
)

SHIPPED = ("http", "istio", "linkerd", "ingress-nginx", "opentelemetry")
KNOWN_PLACES = ("namespace", "workload", "service", "pods")
_UNITS = {"s": 1.0, "ms": 0.001, "us": 0.000001}


class TemplateError(ValueError):
    """A template that cannot be used; the message names the key and the remedy."""


@dataclass(frozen=True)
class MetricTemplate:
    """One metric family.

    ``requests`` is the request counter, or None where the histogram's own count is (OpenTelemetry). A series of it is an
    error where one of ``errors`` holds. ``latency`` is the histogram's name without suffix; ``scale`` turns its unit into
    seconds. ``histogram`` is "classic", "native" or "auto" (native where there is one). ``group`` is the label that
    tells versions apart; where it is "pod", pods are mapped to their template hash. ``canary``: series that satisfy it
    are the canary's, all others the stable version's, for families that know routes only.
    """

    name: str
    title: str = ""
    requests: SeriesSelector | None = None
    errors: tuple[tuple[Matcher, ...], ...] = ()
    latency: SeriesSelector | None = None
    scale: float = 1.0
    histogram: str = "auto"
    group: str = "pod"
    canary: tuple[Matcher, ...] = ()

    @property
    def counts_from_latency(self) -> bool:
        return self.requests is None

    def is_error(self, labels: Mapping[str, str]) -> bool:
        return any(matches(told, labels) for told in self.errors)

    @property
    def pod_label(self) -> str:
        """The label that names the workload's pod: the one matched with ``$pods``, else "pod"."""
        for selector in (self.requests, self.latency):
            for matcher in selector.matchers if selector is not None else ():
                if "pods" in matcher.places:
                    return matcher.label
        return "pod"


@dataclass(frozen=True)
class TemplateTable(SettingsTable):
    """placeholders: $namespace, $workload, $service, $pods (with =~), and those of values"""

    title: Annotated[str, Note(sample='"our gateway"')] = ""
    requests: Annotated[
        str,
        Note(
            "none: the count of the latency histogram",
            """'gateway_requests_total{job="$job",pod=~"$pods"}'""",
        ),
    ] = ""
    errors: Annotated[
        Texts,
        Note("a series that satisfies one of them", """['code=~"5.."', 'outcome="failed"']"""),
    ] = ()
    latency: Annotated[
        str,
        Note(
            "without _bucket; native histograms are found too",
            """'gateway_latency{job="$job",pod=~"$pods"}'""",
        ),
    ] = ""
    unit: Annotated[Literal["s", "ms", "us"], Note("s | ms | us")] = "s"
    histogram: Annotated[Literal["auto", "classic", "native"], Note("auto | classic | native")] = "auto"
    group: Annotated[
        str, Note("pods are mapped to their template hash; or the label that carries the version")
    ] = "pod"
    canary: Annotated[
        str, Note("""what tells the canary's series where metrics know routes only, such as 'canary!=""'""")
    ] = ""

    def __post_init__(self) -> None:
        template_of("", self)


def template_of(name: str, table: TemplateTable) -> MetricTemplate:
    """A template from its TOML table. Raises ``TemplateError``."""
    requests = _selector("requests", table.requests)
    latency = _selector("latency", table.latency)
    if requests is None and latency is None:
        raise TemplateError("requests: neither requests nor latency is given; name one of them")
    return MetricTemplate(
        name=name,
        title=table.title or name,
        requests=requests,
        errors=tuple(_matchers("errors", text) for text in table.errors),
        latency=latency,
        scale=_UNITS[table.unit],
        histogram=table.histogram,
        group=table.group,
        canary=_matchers("canary", table.canary),
    )


def _selector(key: str, text: str) -> SeriesSelector | None:
    if not text:
        return None
    try:
        found = parse_selector(text)
    except SelectorError as error:
        raise TemplateError(f"{key}: {error}") from None
    places = {place for matcher in found.matchers for place in matcher.places}
    if not places:
        raise TemplateError(
            f"{key}: holds no placeholder, so every service would be the same; "
            f"use {', '.join('$' + p for p in KNOWN_PLACES)} or a value of your own"
        )
    for matcher in found.matchers:
        if "pods" in matcher.places and (matcher.op, matcher.value) != ("=~", "$pods"):
            raise TemplateError(f'{key}: $pods stands alone: write {matcher.label}=~"$pods"')
    return found


def _matchers(key: str, text: str) -> tuple[Matcher, ...]:
    try:
        found = parse_matchers(text)
    except SelectorError as error:
        raise TemplateError(f"{key}: {error}") from None
    if any(m.places for m in found):
        raise TemplateError(f"{key}: placeholders are not known here")
    return found


@lru_cache(1)
def shipped() -> dict[str, MetricTemplate]:
    """The families that come with the program."""
    folder = files("tfdash.sources.prometheus").joinpath("templates")
    tables = {name: folder.joinpath(f"{name}.toml").read_text(encoding="utf-8") for name in SHIPPED}
    return {
        name: template_of(name, read(TemplateTable, tomllib.loads(text))) for name, text in tables.items()
    }
