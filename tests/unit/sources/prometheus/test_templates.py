"""Selectors and templates: what is read, what is refused, and how one selector asks for many workloads."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sources.prometheus.server import REF
from tfdash.config.load import table_of
from tfdash.config.problems import ConfigError
from tfdash.model.subject import Subject
from tfdash.sources.prometheus.batches import batches_of, written
from tfdash.sources.prometheus.options import Options
from tfdash.sources.prometheus.selector import (
    Matcher,
    SelectorError,
    fill,
    matches,
    parse_matchers,
    parse_selector,
    quote,
)
from tfdash.sources.prometheus.targets import QueryTarget, is_pod_of, owner_and_hash
from tfdash.sources.prometheus.template import SHIPPED, TemplateTable, shipped


def target(name: str, namespace: str = "shop", template: str = "http", **more: Any) -> QueryTarget:
    return QueryTarget(Subject(REF, "Deployment", namespace, name), (name,), shipped()[template], **more)


@pytest.mark.parametrize("text", ["up", 'a:b_total{x="1"}', 'm{a="x\\"y\\\\z", b=~"5..", c!="", d!~"q|w" }'])
def test_selectors_are_read_and_written_the_same(text: str) -> None:
    assert parse_selector(str(parse_selector(text))) == parse_selector(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is not a selector"),
        ("rate(x[5m])", "is not a selector"),
        ('m{a="1"}[5m]', "is not a selector"),
        ('m{a="1" b="2"}', "a comma is missing"),
        ("m{a=1}", "cannot read"),
        ('m{a=~"("}', "not a regular expression of RE2"),
        ('m{a=~"(?=x)"}', "not a regular expression of RE2"),
        ('m{a!="$namespace"}', "a placeholder cannot be denied"),
        ('m{a="\\d"}', "a backslash must be doubled"),
    ],
)
def test_selectors_that_are_refused(text: str, told: str) -> None:
    with pytest.raises(SelectorError, match=re.escape(told)):
        parse_selector(text)


def test_matching_is_anchored_and_absent_is_empty() -> None:
    labels = {"code": "500", "method": "GET"}
    for text, holds in (
        ('code=~"5.."', True),
        ('code=~"5"', False),
        ('code!~"5.."', False),
        ('gone=""', True),
        ('gone!=""', False),
        ('code="500",method="POST"', False),
        ('code=~".*",gone=~"|x"', True),
    ):
        assert matches(parse_matchers(text), labels) is holds, text


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=20))
def test_a_quoted_text_matches_itself_alone(text: str) -> None:
    assert matches([Matcher("a", "=~", quote(text))], {"a": text})
    assert not matches([Matcher("a", "=~", quote(text))], {"a": text + "x"})


def test_one_workload_is_asked_for_exactly_and_many_by_alternatives() -> None:
    one = fill(Matcher("n", "=", "$namespace"), [{"namespace": ("a.b",)}])
    assert one == Matcher("n", "=", "a.b")
    many = fill(
        Matcher("n", "=", "$namespace-$workload"),
        [
            {"namespace": ("a.b",), "workload": ("x", "x-canary")},
            {"namespace": ("c",), "workload": ("y",)},
        ],
    )
    assert many == Matcher("n", "=~", "a\\.b-x|a\\.b-x-canary|c-y")
    assert (
        str(fill(Matcher("pod", "=~", "$pods"), [{"pods": ("b",)}, {"pods": ("a",)}])) == 'pod=~"(?:a|b)-.+"'
    )


def test_a_hostile_value_stays_inside_its_quotes() -> None:
    told = fill(Matcher("n", "=", "$job"), [{"job": ('x"} or up{a="',)}])
    assert str(told) == 'n="x\\"} or up{a=\\""'


def test_a_placeholder_of_ones_own_that_has_no_value_is_said() -> None:
    with pytest.raises(SelectorError, match=r"\$job"):
        fill(Matcher("n", "=", "$job"), [{}])


@given(
    st.lists(
        st.from_regex(r"[a-z]{1,20}(-[a-z]{1,20}){0,2}", fullmatch=True), min_size=1, max_size=60, unique=True
    )
)
def test_batches_hold_every_workload_once_and_stay_short(names: list[str]) -> None:
    rows = [(target(n), 1000.0 - i % 3 * 200.0) for i, n in enumerate(names)]
    found = list(batches_of("requests", rows, 1010.0, (("cluster", "eu-1"),)))
    assert sorted(t.subject.name for b in found for t in b.targets) == sorted(names)
    for batch in found:
        assert len(batch.text) < 7000 and 'cluster="eu-1"' in batch.text
        needed = max(
            1010.0 - dict((t.subject.name, s) for t, s in rows)[t.subject.name] for t in batch.targets
        )
        assert f"[{int(needed)}s]" in batch.text


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_templates_write_selectors_that_promql_reads(name: str) -> None:
    import promql_parser

    template = shipped()[name]
    for role in ("requests", "latency"):
        if role == "requests" and template.requests is None:
            continue
        text = str(written(template, role, [target("a", template=name), target("b", "pay", name)], ()))
        promql_parser.parse(f"{text}[60s]")
    assert template.errors and template.latency is not None


def test_istio_counts_server_errors_and_grpc_failures() -> None:
    told = shipped()["istio"].is_error
    assert told({"response_code": "503"}) and not told({"response_code": "404"})
    assert told({"request_protocol": "grpc", "response_code": "200", "grpc_response_status": "14"})
    assert not told({"request_protocol": "grpc", "response_code": "200", "grpc_response_status": "5"})
    assert not told({"request_protocol": "http", "response_code": "200", "grpc_response_status": "14"})


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({}, "requests: neither requests nor latency is given"),
        ({"requests": "up"}, "requests: holds no placeholder"),
        ({"requests": 'm{p="$pods"}'}, 'requests: $pods stands alone: write p=~"$pods"'),
        ({"requests": 'm{n="$namespace"}', "errors": "5.."}, "errors: must be a list such as"),
        ({"requests": 'm{n="$namespace"}', "errors": ["5.."]}, "errors: cannot read"),
        (
            {"requests": 'm{n="$namespace"}', "errors": ['c="$x"']},
            "errors: placeholders are not known here",
        ),
        ({"requests": 'm{n="$namespace"}', "unit": "min"}, "unit: must be 's', 'ms' or 'us'"),
        ({"requests": 'm{n="$namespace"}', "histogram": "x"}, "histogram: must be"),
        ({"requests": 'm{n="$namespace"}', "latnecy": ""}, "latnecy: unknown key; did you mean"),
        ({"requests": 7}, "requests: must be a text"),
    ],
)
def test_templates_that_are_refused(table: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        table_of(TemplateTable, table)
    assert told in str(caught.value)


def test_an_own_template_wins_over_a_shipped_one() -> None:
    own = Options(templates={"http": TemplateTable(requests='mine{n="$namespace"}')}).families
    assert str(own["http"].requests) == 'mine{n="$namespace"}' and own["istio"] == shipped()["istio"]


@pytest.mark.parametrize(
    ("pod", "told"),
    [
        ("web-6d4f9c-abcde", ("web", "6d4f9c")),
        ("web-bcdfghjklm-x5x5x", ("web", "bcdfghjklm")),
        ("web-api-abcde", ("", "")),
        ("web-0", ("", "")),
        ("", ("", "")),
    ],
)
def test_what_a_pods_name_says(pod: str, told: tuple[str, str]) -> None:
    assert owner_and_hash(pod) == told


@pytest.mark.parametrize(
    ("pod", "name", "kind", "is_its"),
    [
        ("web-6d4f9c-abcde", "web", "Deployment", True),
        ("web-api-6d4f9c-abcde", "web", "Deployment", False),
        ("web-api-6d4f9c-abcde", "web-api", "Rollout", True),
        ("web-0", "web", "StatefulSet", True),
        ("web-0", "web", "Deployment", False),
        ("web-abcde", "web", "DaemonSet", True),
        ("other", "web", "Deployment", False),
        ("web-x-0", "web", "StatefulSet", False),
        ("a" * 50 + "-7c9f6d5" + "abcde", "a" * 50, "Deployment", True),
        ("a" * 58 + "abcde", "a" * 60, "Deployment", True),
        ("b" * 58 + "abcde", "a" * 60, "Deployment", False),
    ],
)
def test_whose_a_pod_is_by_its_name(pod: str, name: str, kind: str, is_its: bool) -> None:
    assert is_pod_of(pod, name, kind) is is_its
