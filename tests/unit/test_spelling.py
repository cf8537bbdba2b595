"""What is named as the nearest: a typing error is, what only has letters in common is not."""

from __future__ import annotations

import pytest

from tfdash.spelling import closest, nearest

NAMES = [
    "release",
    "canary",
    "snapshot",
    "doctor",
    "audit",
    "demo",
    "run",
    "config",
    "production",
    "staging",
    "development",
    "checkout",
    "payments",
    "catalog",
    "heartbeat",
    "intent",
    "outcome",
    "refusal",
    "approval",
    "denial",
    "note",
    "policy",
    "break-glass",
    "verification",
    "confirmation",
    "busy",
    "calm",
    "blackout",
    "incident",
    "good-canary",
    "bad-canary",
    "low-traffic",
    "prometheus-down",
    "scale",
    "gitops",
    "--scenario",
    "--format",
    "--environment",
    "--at",
    "--help",
    "-e",
    "Monday",
    "Thursday",
    "kube-system",
    "default",
    "deployments",
    "pods",
    "nodes",
    "logs",
    "changes",
    "calendar",
    "eu-1",
    "us-1",
    "America/New_York",
    "Europe/Berlin",
]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("relaese", "release"), ("snapshto", "snapshot"), ("docter", "doctor"), ("prodution", "production"),
        ("prod", "production"), ("stagin", "staging"), ("Staging", "staging"), ("chekout", "checkout"),
        ("check-out", "checkout"), ("hartbeat", "heartbeat"), ("intnet", "intent"), ("outcom", "outcome"),
        ("noet", "note"), ("buzy", "busy"), ("incidnet", "incident"), ("--secnario", "--scenario"),
        ("--formt", "--format"), ("--enviroment", "--environment"), ("Monady", "Monday"), ("kube-sytem", "kube-system"),
        ("depolyment", "deployments"), ("America/New_Yrok", "America/New_York"), ("lags", "logs"), ("promethus-down", "prometheus-down"),
    ],
)  # fmt: skip
def test_a_typing_error_is_named(typed: str, meant: str) -> None:
    assert closest(typed, NAMES) == meant


@pytest.mark.parametrize(
    "typed",
    ["", "-", "--", "x", "-x", "foo", "banana", "web", "redis", "cart", "search", "frontend", "team-a", "qa", "dev-2", "user",
     "rollback", "promote", "delete", "restart", "json", "orders-api", "ingress"],
)  # fmt: skip
def test_what_only_has_letters_in_common_has_no_guess(typed: str) -> None:
    assert closest(typed, NAMES) == ""
    assert nearest(typed, NAMES).startswith("valid here: ")


def test_another_command_is_no_typing_error_of_a_kind_of_entry() -> None:
    assert closest("release", ("break-glass", "refusal", "heartbeat", "note")) == ""
