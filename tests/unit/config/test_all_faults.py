"""Every fault of one table is told in one run, each at its line."""

from __future__ import annotations

import pytest

from tfdash.config.load import parse
from tfdash.config.problems import ConfigError

ITEM = """[maintenance.items.own]
title = " "
when = "each month"
grace = "40d"
evidence = "live"
live = "kubernetes-path"
per = "platform"
at = "02:00"
"""
FEED = '[[calendar.feeds]]\nname = " "\nfile = "a.ics"\nurl = "https://x.example/a.ics"\n'


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (ITEM, {"title": 2, "live": 6, "at": 8, "grace": 4}),
        (FEED, {"name": 2, "file": 3}),
        (f"{ITEM}{FEED}", {"title": 2, "live": 6, "at": 8, "grace": 4, "name": 10, "file": 11}),
        ('[maintenance.items.own]\ntitle = ""\nwhen = "each month"\n', {"title": 2}),
    ],
    ids=["an item", "a feed", "both", "one fault"],
)
def test_one_fault_hides_no_other(text: str, lines: dict[str, int]) -> None:
    with pytest.raises(ConfigError) as told:
        parse(text, "x.toml")
    found = {problem.key.rpartition(".")[2]: problem.line for problem in told.value.problems}
    assert found == lines
    assert len(told.value.problems) == len(lines)


def test_what_no_reading_takes_is_told_of_each_key() -> None:
    wrong = '[maintenance.items.own]\ntitle = 5\nwhen = "each moth"\nowner = 7\nkid = "x"\nblackout = "before"\nper = "planet"\n'
    with pytest.raises(ConfigError) as told:
        parse(wrong, "x.toml")
    keys = {problem.key.rpartition(".")[2] for problem in told.value.problems}
    assert keys == {"title", "when", "owner", "kid", "per"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            'freezes = [{ start = "2026-12-19", end = "2026-12-19" }]',
            "ends at 2026-12-19 00:00 where it begins",
        ),
        ('freezes = [{ start = "2026-12-19", end = "2026-12-18" }]', "before it begins"),
    ],
)
def test_a_freeze_of_no_time_says_so(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parse(f"[calendar]\n{text}", "x.toml")


@pytest.mark.parametrize("scheme", ["webcal://", "http://", "ftp://", "//", ""])
def test_what_is_said_of_an_address_of_a_feed_is_a_remedy(scheme: str) -> None:
    """Of two remedies that it names each must do."""
    wrong = f'[[calendar.feeds]]\nname = "a"\nurl = "{scheme}a.example/b.ics"'
    with pytest.raises(ConfigError) as told:
        parse(wrong, "x.toml")
    assert "https://" in str(told.value)
    assert "http://" not in str(told.value)
    parse(wrong.replace(f'"{scheme}a.', '"https://a.'), "x.toml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[maintenance.items.root-ca]\nlength = "2h"',
            "x.toml:2: maintenance.items.root-ca.length: counts where at",
        ),
        (
            '[policy.certificates]\nreloads = ["web"]',
            'reloads: "web" names no workload; write "namespace/name"',
        ),
        ('[policy.certificates]\nbackoff = "40h"', "backoff: is longer than longest_backoff"),
        (
            '[[versions.plan]]\nversion = "1.38"\ndate = "2027-01-19"\n[[versions.plan]]\nversion = "v1.38"\n'
            'date = "2027-02-19"\nenvironment = "production"',
            "x.toml:5: versions.plan.1.version: 1.38 is planned for production already; leave one of the two out",
        ),
    ],
)
def test_what_another_key_makes_say_nothing_is_refused(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(text, "x.toml")
    assert told in str(error.value)
    parse('[policy.certificates]\nreloads = ["shop/web", "mesh/*", "*"]', "x.toml")
