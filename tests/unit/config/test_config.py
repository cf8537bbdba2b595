"""The configuration: defaults, faults with file, line and key, secrets, and the quick reading."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfdash.config.load import adapter, load, parse
from tfdash.config.problems import ConfigError
from tfdash.config.quick import load_quick
from tfdash.config.settings import Settings
from tfdash.durations import parse_duration, write_duration

EXAMPLE = Path(__file__).resolve().parents[3] / "config.example.toml"


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text, "c.toml")
    return str(caught.value)


def test_an_empty_file_and_no_file_give_the_defaults() -> None:
    assert parse("", "c.toml") == load(None)


def test_the_example_holds_the_defaults() -> None:
    assert load(EXAMPLE) == load(None)


def _keys(schema: dict[str, Any], table: dict[str, Any]) -> set[str]:
    names = set()
    for name, field in table.get("properties", {}).items():
        names.add(name)
        text = str(field)
        for reference in re.findall(r"#/\$defs/(\w+)", text):
            names |= _keys(schema, schema["$defs"][reference])
    return names


def test_the_example_names_every_setting() -> None:
    schema = adapter(Settings).json_schema()
    text = EXAMPLE.read_text()
    missing = [
        key for key in sorted(_keys(schema, schema)) if not re.search(rf"(?m)^#?\s*(\[.*)?\b{key}\b", text)
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[time]\nzon = 'UTC'", 'c.toml:2: time.zon: unknown key; did you mean "zone"?'),
        ("[time]\n\nzone = 'Mars/Olympus'", "c.toml:3: time.zone: 'Mars/Olympus' is not an IANA time zone"),
        ("[time]\nzone = 'EST5'", "is not an IANA time zone"),
        ("[ui]\nmouse = 'yes'", "c.toml:2: ui.mouse: must be true or false, not a text"),
        ("[sources.kubernetes]\nread_timeout = 30", 'write it as "10s"'),
        ("[sources.kubernetes]\nread_timeout = '30 sec'", "c.toml:2: sources.kubernetes.read_timeout"),
        ("default_environment = 'prod'", "is not one of [environments]"),
        ("[environments.p]\ncolour = 'red'", "c.toml:2: environments.p.colour: must be"),
        ("[environments.p]\ntoken = 'hunter2'", "by reference only"),
        ("[ui\n", "c.toml:1: not valid TOML"),
        (
            "[[environments.p.clusters]]\ncontext = 'a'\n[[environments.p.clusters]]\nname='b'",
            "need a name each",
        ),
        (
            "[[journeys]]\nname = 'a'\nurl = 'http://h'\n[[journeys]]\nname = 'b'\nurl = 'http://h'\n"
            "[[journeys.steps]]\n[[journeys.steps]]\nstatus = [200, 'x']",
            "c.toml:9: journeys.1.steps.1.status.1: must be a whole number, not a text",
        ),
        ("[[ui]]\nmouse = true", "c.toml:1: ui: must be a table, not a list; write [ui], not [[ui]]"),
        (
            "[journeys]\nname = 'a'",
            "c.toml:1: journeys: must be a list of tables, not one table; write [[journeys]]",
        ),
        ('[environments.p]\ntoken = "command:\'oops"', "c.toml:2: environments.p.token: a quotation mark"),
        (
            "[environments.p]\n[environments.p.prometheus]\nheaders = { A = 'command:\"x' }",
            "c.toml:3: environments.p.pro",
        ),
        (
            "default_environment = 'p'\n[environments.'a.b']\nwort = 1",
            'c.toml:3: environments."a.b".wort: unknown',
        ),
        ('[ui]\ntheme = "dark\n', "c.toml:2: not valid TOML"),
        ("[ui]\nmouse = true\nmouse = true", "c.toml:3: not valid TOML"),
        ("log = " + "[" * 5000, "c.toml: not valid TOML: nested too deeply"),
        ("\nlog" + ".a" * 100_000 + " = 1", "c.toml:2: not valid TOML: nested too deeply"),
        ("log = {a" + " .'a'" * 100_000 + " = 1}", "c.toml:1: not valid TOML: nested too deeply"),
        ("[log" + '."a"' * 100_000 + "]", "c.toml:1: not valid TOML: nested too deeply"),
        ("log = " + "9" * 5000, "c.toml: not valid TOML"),
        ("\n[ui]\nkeys = [", "c.toml:3: not valid TOML"),
        (
            "[[journeys]]\nname = 'a'\nprobe = 'up'\n[[journeys]]\nname = 'b'",
            'c.toml:4: journeys.1: journey "b"',
        ),
        (
            "[environments.'']\n",
            'c.toml:1: environments."": an environment needs a name; write [environments.',
        ),
        ("[environments.p]\nnamespaces = ['']", "c.toml:2: environments.p.namespaces: one of them is empty"),
        ("[environments.p]\nnamespaces = ['A_B']", 'c.toml:2: environments.p.namespaces: "A_B" cannot be'),
        ("[environments.p]\nnamespaces = ['a', 'b', 'a']", '"a" stands twice; leave one out'),
        (
            "[environments.p]\nnamespaces = ['a']\n[[environments.p.clusters]]\nname = 'b'",
            "c.toml:2: environments.p.namespaces: is of one cluster, and clusters is a list; write namespaces into",
        ),
        ("[store]\nanchor_command = ['']", "c.toml:2: store.anchor_command: names no program"),
        (
            "[[metrics.services]]\nworkload = ''",
            "c.toml:2: metrics.services.0.workload: is no name of one; write",
        ),
        (
            "[releases]\npairs = [['a', 'a']]",
            "c.toml:2: releases.pairs: each is the stable and the canary name",
        ),
        (
            "[environments.p.prometheus]\nurl = 'http://h:99999'",
            "prometheus.url: has an impossible port; write it as",
        ),
        ("[environments.p.prometheus]\nkey = 'a'", "key: is of no use without certificate; add certificate"),
    ],
)
def test_a_fault_names_file_line_key_and_remedy(text: str, told: str) -> None:
    assert told in refused(text)


def test_a_secret_is_not_repeated_in_the_refusal() -> None:
    assert "hunter2" not in refused("[environments.p]\ntoken = 'hunter2'")


def test_all_faults_are_listed() -> None:
    assert len(refused("[time]\nzon = 1\n[ui]\nmouze = 2").splitlines()) == 2


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file; name another with --config"):
        load(tmp_path / "none.toml")


def test_a_secret_reference_shows_no_more_than_where_it_is() -> None:
    settings = parse("[environments.p]\ntoken = 'command:vault read x'\n[store]\nurl = 'env:STORE'", "c.toml")
    shown = adapter(Settings).dump_python(settings, mode="json")
    assert (shown["environments"]["p"]["token"], shown["store"]["url"]) == ("command:(hidden)", "env:STORE")
    assert "vault" not in repr(settings)


@given(st.integers(min_value=1, max_value=10**9))
def test_durations_are_read_back_as_written(milliseconds: int) -> None:
    assert parse_duration(write_duration(milliseconds / 1000)) == pytest.approx(milliseconds / 1000)


@pytest.mark.parametrize("text", ["", "10", "s", "1h 30m", "-5s", "5x"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


_NAMES = st.text("abcdefgh-", min_size=1, max_size=8)


@given(
    st.dictionaries(
        _NAMES, st.fixed_dictionaries({"context": _NAMES, "word": _NAMES}), min_size=1, max_size=3
    ),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
)
def test_the_quick_reading_agrees_with_the_validated_one(
    environments: dict[str, dict[str, str]], zone: str
) -> None:
    lines = [f'default_environment = "{next(iter(environments))}"', "[time]", f'zone = "{zone}"']
    for name, table in environments.items():
        lines += [f'[environments."{name}"]', *(f'{k} = "{v}"' for k, v in table.items())]
    text = "\n".join(lines)
    full = parse(text, "c.toml")
    path = Path("/dev/shm" if Path("/dev/shm").is_dir() else "/tmp") / "tfdash-quick-test.toml"
    path.write_text(text)
    quick = load_quick(str(path))
    path.unlink()
    assert tomllib.loads(text)["time"]["zone"] == quick.zone == full.time.zone
    assert quick.environment.name == full.default_environment
    chosen = full.environments[quick.environment.name]
    assert (quick.environment.word, quick.environment.clusters[0].context) == (chosen.word, chosen.context)
    assert set(quick.environments) == set(full.environments)


def test_an_unknown_environment_is_refused_with_the_nearest(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[environments.production]\n")
    with pytest.raises(ConfigError, match='did you mean "production"'):
        load_quick(str(file), environment="producton")


def test_a_context_never_wears_the_colour_of_an_environment_it_is_not_of(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(
        "[environments.production]\ncolour = 'production'\ncontext = 'eu-1'\n"
        "[environments.staging]\ncolour = 'staging'\n"
        "[[environments.staging.clusters]]\nname = 'a'\ncontext = 'staging-1'\n"
    )
    own = load_quick(str(file), context="staging-1").environment
    assert (own.name, own.colour, own.clusters[0].context) == ("staging", "staging", "staging-1")
    foreign = load_quick(str(file), context="laptop").environment
    assert (foreign.name, foreign.colour, foreign.clusters[0].context) == ("laptop", "neutral", "laptop")
    assert load_quick(str(file), "production", context="laptop").environment.colour == "production"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[[environments.'eu.1']]\nkubeconfig = 'k'", "[[environments.'eu.1']]"),
        ("[[environments.'a \"b\"']]\nkubeconfig = 'k'", "[[environments.'a \"b\"']]"),
        ("[environments.'eu.1'.clusters]\ncontext = 'c'\nname = 'n'", "[environments.'eu.1'.clusters]"),
        (
            "[[environments.p.clusters]]\nname = 'n'\n[[environments.p.clusters.prometheus]]",
            "[[environments.p.clusters.prometheus]]",
        ),
        ("[[ui]]", "[[ui]]"),
        ("[journeys]\nname = 'j'\nurl = 'http://h'", "[journeys]"),
    ],
)
def test_a_table_that_is_told_to_be_written_can_be_pasted(text: str, wrong: str) -> None:
    told = refused(text)
    meant = re.search(r"write (\[.*?\]+)(?:, not |$)", told)
    assert meant, told
    parse(text.replace(wrong, meant[1]), "c.toml")
