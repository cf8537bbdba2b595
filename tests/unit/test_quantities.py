"""Quantities, held to what apimachinery v0.37.2 says of each (``fixtures/quantities.tsv``: text, value, thousandths, whole units; of
what it refuses the text alone), and what pods ask for, held to component-helpers v0.37.2 (``fixtures/pod_requests.jsonl``:
generated pods with what ``PodRequests`` and ``PodLimits`` make of them, resizes in place switched on)."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.kinds import resources
from tfdash.model.kube import Container, Pod, Unreadable
from tfdash.pod_requests import limited, of_template, requested
from tfdash.quantities import (
    NANO,
    Amounts,
    amount,
    amounts,
    most,
    parse,
    reaches,
    replaced,
    rounded,
    total,
)
from tfdash.sources.kubernetes.codec import Codec

FIXTURES = Path(__file__).parents[1] / "fixtures"
QUANTITIES = [line.split("\t") for line in (FIXTURES / "quantities.tsv").read_text().splitlines()]
PODS = (FIXTURES / "pod_requests.jsonl").read_text().splitlines()
POD = Codec("Pod")


@pytest.mark.parametrize(("text", "value", "milli", "whole"), QUANTITIES)
def test_a_quantity_is_what_the_api_server_makes_of_it(text: str, value: str, milli: str, whole: str) -> None:
    if not value:
        with pytest.raises(ValueError, match="is no quantity"):
            parse(text)
        return
    found = parse(text)
    assert found == Fraction(value) * NANO
    if whole:
        assert (rounded(found, NANO // 1000), rounded(found)) == (int(milli), int(whole))


@pytest.mark.parametrize("text", ["m", ".", "-", "", "1e1000", "1e-1000", "9" * 65, "Mi", "+", "1n\n", "½"])
def test_what_the_server_never_writes_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="is no quantity"):
        parse(text)


def test_a_number_without_quotes_is_one_too() -> None:
    assert (parse(3), parse(0.5)) == (3 * NANO, NANO // 2)


@pytest.mark.parametrize("text", ["1e400", "-1e999", "9e300", 10**400])
def test_however_much_it_is_it_can_be_shared_and_drawn(text: str | int) -> None:
    found = parse(text)
    assert abs(found) == 10**300 and math.isfinite(100 * found / 1) and math.isfinite(10_000 * found / NANO)


def test_nothing_said_is_not_nothing() -> None:
    some = amounts({"memory": "0", "cpu": "1"})
    assert some == (("cpu", NANO), ("memory", 0))
    assert (amount(some, "memory"), amount(some, "pods")) == (0, None)
    assert amounts(None) == amounts({}) == ()
    with pytest.raises(ValueError, match=r"^cpu: 'lots' is no quantity"):
        amounts({"memory": "1Gi", "cpu": "lots"})


def test_amounts_add_up_by_resource() -> None:
    one, two = amounts({"cpu": "100m", "memory": "1Ki"}), amounts({"cpu": "200m", "pods": "1"})
    assert total((one, two)) == amounts({"cpu": "300m", "memory": "1Ki", "pods": "1"})
    assert most(one, two) == amounts({"cpu": "200m", "memory": "1Ki", "pods": "1"})
    assert replaced(two, one) == amounts({"cpu": "100m", "memory": "1Ki", "pods": "1"})
    assert total(()) == most() == ()


@pytest.mark.parametrize(("used", "there"), [(79, False), (80, True), (81, True)])
@pytest.mark.parametrize("unit", ["", "m", "Mi", "n", "E"])
def test_a_share_is_reached_exactly(used: int, there: bool, unit: str) -> None:
    assert reaches(parse(f"{used}{unit}"), parse(f"100{unit}"), 80) is there
    assert not reaches(parse(f"80{unit}") - 1, parse(f"100{unit}"), 80)


def _pod(found: dict[str, Any]) -> Pod:
    document = {"metadata": {"name": "p", "namespace": "a"}, "spec": found["spec"], "status": found["status"]}
    read = POD.item(msgspec.Raw(json.dumps(document).encode()))
    assert isinstance(read, Pod), read
    return read


@pytest.mark.parametrize("line", PODS, ids=range(len(PODS)))
def test_a_pod_asks_for_what_the_scheduler_counts(line: str) -> None:
    found = json.loads(line)
    pod = _pod(found)
    assert requested(pod) == total((amounts(found["requests"]), (("pods", NANO),)))
    assert limited(pod) == amounts(found["limits"])


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_holds_nothing(phase: str) -> None:
    asked = {"containers": [{"name": "c", "image": "i", "resources": {"requests": {"cpu": "1"}}}]}
    assert requested(_pod({"spec": asked, "status": {"phase": "Running"}}))
    assert requested(_pod({"spec": asked, "status": {"phase": phase}})) == ()


def test_a_template_asks_for_one_pod_of_it() -> None:
    def container(cpu: str, **over: bool) -> Container:
        return Container("c", "i", resources(cpu=cpu), **over)

    found: Amounts = of_template(
        (
            container("500m", init=True, sidecar=True),
            container("2", init=True),
            container("1"),
            container("250m"),
        )
    )
    assert found == (
        ("cpu", 5 * NANO // 2),
        ("pods", NANO),
    )  # the init container beside the sidecar before it


def test_a_pod_with_an_odd_amount_is_named() -> None:
    spec = {
        "containers": [{"name": "c", "image": "i", "resources": {"requests": {"cpu": "1", "memory": "much"}}}]
    }
    document = {"metadata": {"name": "p", "namespace": "a"}, "spec": spec}
    read = POD.item(msgspec.Raw(json.dumps(document).encode()))
    assert isinstance(read, Unreadable)
    assert "memory: 'much' is no quantity" in read.field
