"""No original stands in a rewritten text, whatever the names are like: parts of one another, signs of regular expressions, other scripts."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.leaks import leaks, telling
from tfdash.anonymise.table import AliasTable

NAMES = st.one_of(
    st.text("ab-.", min_size=1, max_size=8),  # each within another
    st.text("aA1é.*+?()[]{}|^$\\/_- ßǅİı", min_size=1, max_size=10),
    st.text(min_size=1, max_size=12),
    st.sampled_from(
        [
            "checkout",
            "checkout-canary",
            "check",
            "out",
            "api",
            "pod",
            "the",
            "worker-1",
            "workload-1",
            "web.shop.svc",
        ]
    ),
)
BETWEEN = st.sampled_from(
    ["", " ", "/", ".", "-", ":", "'", '"', " is not ", "=", "\n", "_", "://", "@", "-7d9f8-abcde"]
)


def table(seed: int = 0) -> AliasTable:
    return AliasTable(random.Random(seed).randrange)


def named(names: list[str], found: AliasTable) -> None:
    for number, name in enumerate(names):
        found.alias(name, ("workload", "namespace", "node")[number % 3])


@given(
    st.lists(NAMES, min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 7), BETWEEN), max_size=12),
    st.integers(0, 99),
)
def test_no_name_stays_in_a_text(names: list[str], said: list[tuple[int, str]], seed: int) -> None:
    found = table(seed)
    named(names, found)
    text = "".join(names[number % len(names)] + between for number, between in said)
    made = found.text(text)
    aliases = set(found.aliases.values())
    # an alias may hold by chance what another is called: what is looked for is what is left beside the aliases
    left = made
    for alias in sorted(aliases, key=len, reverse=True):
        left = left.replace(alias, "\0")
    wanted = {
        name for name in names if telling(name) and not name.isdecimal() and any(c.isalpha() for c in name)
    }
    assert not leaks([("text", left)], wanted)
    assert found.text(text) == made


@given(st.lists(NAMES, min_size=1, max_size=12, unique=True))
def test_each_name_has_one_alias_of_its_own(names: list[str]) -> None:
    found = table()
    named(names, found)
    aliases = [found.alias(name, "name") for name in names if name not in ("default",)]
    assert len(set(aliases)) == len(names)
    assert not set(aliases) & set(names)


def test_the_longest_stands_first_and_what_is_named_after_it_follows() -> None:
    found = table()
    short, long = found.alias("checkout", "workload"), found.alias("checkout-canary", "service")
    pod = found.below_of("checkout-7d9f8-abcde", "checkout", "pod")
    assert pod.startswith(f"{short}-") and found.text("checkout-7d9f8-abcde") == pod
    assert found.text("checkout-canary answers, Checkout not") == f"{long} answers, {short} not"
    assert found.text("checkout-5c6d7-zyxwv").startswith(f"{short}-") and "checkout" not in found.text(
        "x.checkout_total"
    )
    assert found.text("checkouts") == "checkouts"


def test_a_name_that_is_a_word_is_one_where_it_stands_as_one() -> None:
    found = table()
    api, pod = found.alias("api", "workload"), found.alias("pod", "namespace")
    assert found.text("the api answers for each pod") == "the api answers for each pod"
    assert found.text('pod/api, "api", app=api') == f'{pod}/{api}, "{api}", app={api}'
    assert found.text("api serves, 3 of 3", frozenset(("api", "pod"))) == f"{api} serves, 3 of 3"


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/v4/projects/shop%2Fpayments-api: 404",
        r'exec: "sh: \npayments-api: not found"',
        r"stderr: \tpayments-api",
        r"\u003cpayments-api\u003e",
        r"\x1bpayments-api",
        "rate(payments_api_requests_total[5m])",
        "PAYMENTS_API_HOST is not set",
        r"C:\payments-api",
    ],
)
def test_a_known_name_goes_as_addresses_quotes_and_metrics_write_it(text: str) -> None:
    table = AliasTable()
    table.alias("payments-api", "workload")
    for made in (table.text(text), table.foreign(text)):
        assert "payments" not in made.lower(), made


def test_a_well_known_name_keeps_its_capitals() -> None:
    assert AliasTable().text("Kubernetes: in order") == "Kubernetes: in order"


def test_no_alias_is_what_something_else_is_called() -> None:
    names = [f"node-{number}" for number in range(1, 200)]
    for seed in range(5):
        found = table(seed)
        with found.gathered():
            assert [found.alias(name, "node") for name in names] == names  # until all are met
            pod = found.below_of("node-1-abc", "node-1", "node")
        assert not set(found.aliases.values()) & {*names, pod}
        assert found.aliases["node-1-abc"].startswith(f"{found.aliases['node-1']}-")


def test_well_known_names_stay() -> None:
    found = table()
    found.alias("kube", "workload")
    told = "kube-system and default, kube-apiserver, but kube not"
    assert found.text(told).startswith("kube-system and default, kube-apiserver, but workload-")
    assert found.alias("kube-system", "namespace") == "kube-system"


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("dial tcp 10.20.30.40:443: i/o timeout", "10.20.30.40"),
        ("asked by anna.muster@corp.example yesterday", "muster"),
        ("Get https://argo.acme.example/apps/checkout?token: EOF", "acme"),
        ("no such host: db-main.acme.internal", "acme"),
        ("read /home/anna/.kube/config: no such file", "anna"),
        ('configmap "acmeconfig" not found', "acmeconfig"),
        ("bound to ip-10-0-3-4", "10-0-3-4"),
        ("pulled sha256:0123456789abcdef0123456789abcdef", "0123456789abcdef"),
        ("on fe80:1:2:3::44", "fe80"),
    ],
)
def test_what_is_plainly_a_name_goes_though_nothing_told_of_it(text: str, gone: str) -> None:
    found = table()
    made = found.text(text)
    assert gone not in made and made == found.text(text)
    assert found.text(made) == made or "example" not in made


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("assigned shop/cart to nodea.zone", ("shop", "cart", "nodea")),
        ("secret acme-db-login is missing", ("acme",)),
        ("evicted dodo: mammoth wanted room, Walrus did not", ("dodo", "mammoth", "Walrus")),
    ],
)
def test_of_what_others_wrote_nothing_stays_that_has_the_form_of_a_name(
    text: str, gone: tuple[str, ...]
) -> None:
    made = table().foreign(text)
    assert not [word for word in gone if word in made]


@pytest.mark.parametrize(
    "text",
    [
        "cpu 17 % of 60-80 · memory 12 % of 70-85",
        "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available",
        "Back-off restarting failed container",
        "started 10.5s ago, 1h2m3s in all, at 2026-11-30T07:10:00Z",
        "reason CrashLoopBackOff, phase Running, v1.33.2, 512Mi, 250m, 5xx, p99 < 300 ms",
        'the phase is "Running"',
        "127.0.0.1:8080",
    ],
)
def test_sentences_stay_as_they_are(text: str) -> None:
    assert table().foreign(text) == text


def test_numbers_are_drawn_and_tell_no_order() -> None:
    names = [f"n{letter}" for letter in "abcdefghijklmnopqrst"]
    orders = set()
    for seed in range(4):
        found = table(seed)
        orders.add(tuple(found.alias(name, "node") for name in names))
    assert len(orders) == 4
    assert all(
        [int(alias[5:]) for alias in order] != sorted(int(alias[5:]) for alias in order) for order in orders
    )


def test_an_image_keeps_its_form_and_its_version() -> None:
    found = table()
    workload = found.alias("checkout", "workload")
    made = found.image("registry.acme.example:5000/shop/checkout:2.14.0@sha256:0123456789abcdef")
    assert made.count("/") == 1 and ":2.14.0@digest-" in made and "acme" not in made
    assert found.image("checkout:2.14.0") == f"{workload}:2.14.0"
    assert "hotfix" not in found.image("checkout:anna-hotfix")


def test_a_text_that_was_rewritten_before_a_name_was_known_is_rewritten_anew() -> None:
    found = table()
    assert found.text("bignode is full") == "bignode is full"
    node = found.alias("bignode", "node")
    assert found.text("bignode is full") == f"{node} is full"


def test_no_alias_is_called_like_an_original_that_is_known() -> None:
    drawn = iter((0, 0, 1))
    found = AliasTable(lambda below: next(drawn))
    assert found.alias("workload-1", "name") == "name-1"
    assert found.alias("cart", "workload") == "workload-2"


def test_the_number_of_an_account_is_a_name_and_the_program_is_nobody() -> None:
    found = table()
    assert found.person("tfdash") == "tfdash" and found.person("anna").startswith("person-")
    made = found.image("123456789012.dkr.ecr.eu-1.amazonaws.com/shop/cart:123456789012")
    assert "123456789012" not in made
