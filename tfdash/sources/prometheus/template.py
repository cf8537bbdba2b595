"""Metric families: which series are a workload's requests, errors and latencies. Shipped as TOML, own ones in the configuration."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from tfdash.sources.prometheus.selector import (
    Matcher,
    Selector,
    SelectorError,
    matches,
    parse_matchers,
    parse_selector,
)

SHIPPED = ("http", "istio", "linkerd", "ingress-nginx", "opentelemetry")
KNOWN_PLACES = ("namespace", "workload", "service", "pods")
_KEYS = (
    "title",
    "requests",
    "errors",
    "latency",
    "unit",
    "histogram",
    "group",
    "canary",
)
_UNITS = {"s": 1.0, "ms": 0.001, "us": 0.000001}


class TemplateError(ValueError):
    """A template that cannot be used; the message names the template, the key and the remedy."""


@dataclass(frozen=True)
class Template:
    """One metric family.

    ``requests`` is the request counter, or None where the histogram's own count is (OpenTelemetry). A series of it is an
    error where one of ``errors`` holds. ``latency`` is the histogram's name without suffix; ``scale`` turns its unit into
    seconds. ``histogram`` is "classic", "native" or "auto" (native where there is one). ``group`` is the label that
    tells versions apart; where it is "pod", pods are mapped to their template hash. ``canary``: series that satisfy it
    are the canary's, all others the stable version's, for families that know routes only.
    """

    name: str
    title: str = ""
    requests: Selector | None = None
    errors: tuple[tuple[Matcher, ...], ...] = ()
    latency: Selector | None = None
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

    def latency_names(self) -> tuple[str, ...]:
        """The series that make up the histogram."""
        assert self.latency is not None
        base = self.latency.name
        classic = (f"{base}_bucket", f"{base}_sum")
        return {"classic": classic, "native": (base,)}.get(self.histogram, (base, *classic))


def template_of(name: str, table: Mapping[str, Any]) -> Template:
    """A template from its TOML table. Raises ``TemplateError``."""
    for key in table:
        if key not in _KEYS:
            raise TemplateError(f"{name}: {key}: unknown key; valid here: {', '.join(_KEYS)}")
    unit = _text(name, table, "unit", "s")
    if unit not in _UNITS:
        raise TemplateError(f'{name}: unit: "{unit}" is none of {", ".join(_UNITS)}')
    histogram = _text(name, table, "histogram", "auto")
    if histogram not in ("auto", "classic", "native"):
        raise TemplateError(f'{name}: histogram: "{histogram}" is none of auto, classic, native')
    requests = _selector(name, table, "requests")
    latency = _selector(name, table, "latency")
    if requests is None and latency is None:
        raise TemplateError(f"{name}: requests: neither requests nor latency is given; name one of them")
    errors = table.get("errors", [])
    if not isinstance(errors, list) or not all(isinstance(e, str) for e in errors):
        raise TemplateError(f"""{name}: errors: must be a list of texts such as ['code=~"5.."']""")
    return Template(
        name=name,
        title=_text(name, table, "title", name),
        requests=requests,
        errors=tuple(_matchers(name, "errors", e) for e in errors),
        latency=latency,
        scale=_UNITS[unit],
        histogram=histogram,
        group=_text(name, table, "group", "pod"),
        canary=_matchers(name, "canary", _text(name, table, "canary", "")),
    )


def _text(name: str, table: Mapping[str, Any], key: str, default: str) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise TemplateError(f"{name}: {key}: must be a text in quotes")
    return value


def _selector(name: str, table: Mapping[str, Any], key: str) -> Selector | None:
    text = _text(name, table, key, "")
    if not text:
        return None
    try:
        found = parse_selector(text)
    except SelectorError as error:
        raise TemplateError(f"{name}: {key}: {error}") from None
    places = {place for matcher in found.matchers for place in matcher.places}
    if not places:
        raise TemplateError(
            f"{name}: {key}: holds no placeholder, so every service would be the same; "
            f"use {', '.join('$' + p for p in KNOWN_PLACES)} or a value of your own"
        )
    for matcher in found.matchers:
        if "pods" in matcher.places and (matcher.op, matcher.value) != ("=~", "$pods"):
            raise TemplateError(f'{name}: {key}: $pods stands alone: write {matcher.label}=~"$pods"')
    return found


def _matchers(name: str, key: str, text: str) -> tuple[Matcher, ...]:
    try:
        found = parse_matchers(text)
    except SelectorError as error:
        raise TemplateError(f"{name}: {key}: {error}") from None
    if any(m.places for m in found):
        raise TemplateError(f"{name}: {key}: placeholders are not known here")
    return found


@lru_cache(1)
def shipped() -> dict[str, Template]:
    """The families that come with the program."""
    folder = files("tfdash.sources.prometheus").joinpath("templates")
    return {
        name: template_of(name, tomllib.loads(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8")))
        for name in SHIPPED
    }


def templates_of(tables: Mapping[str, Any]) -> dict[str, Template]:
    """The shipped ones and those of ``[metrics.templates]``, which win. Raises ``TemplateError``."""
    own = {}
    for name, table in tables.items():
        if not isinstance(table, Mapping):
            raise TemplateError(f"{name}: must be a table [metrics.templates.{name}]")
        own[name] = template_of(name, table)
    return {**shipped(), **own}
