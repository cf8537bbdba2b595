"""Names in a configuration are names of what there is: pages, binding ids, keys, commands, environments, kinds."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from screens.commands import ENTRIES
from screens.own_keys import binding_ids, wrong
from tests.unit.config.test_config import refused
from tfdash.cli.ui_check import check_ui
from tfdash.config.load import load, parse
from tfdash.config.problems import ConfigError
from tfdash.config.settings import Settings
from tfdash.config.startup import UiSettings
from tfdash.setting import Note, hints_of, table_in


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("start = 'overvew'", 'ui.start: no page is called "overvew"; did you mean "overview"?'),
        ("[ui.keys]\n'list.lgs' = 'L'", 'ui.keys.list.lgs: no key has this id; did you mean "list.logs"?'),
        ("[ui.keys]\n'list.zzzzzzzz' = 'L'", "ui.keys.list.zzzzzzzz: no key has this id; there is: list."),
        ("[ui.keys]\n'list.logs' = 'crtl+l'", 'ui.keys.list.logs: "crtl+l" is no key; write it as'),
        (
            "[ui.aliases]\nxx = 'deploymnts'",
            'ui.aliases.xx: "deploymnts" begins with no command; did you mean',
        ),
        ("[ui.aliases]\npo = 'deployments'", "ui.aliases.po: :po is a command already"),
        ("[ui.aliases]\nx = ''", "ui.aliases.x"),
    ],
)
def test_what_the_screens_do_not_have_is_refused_with_line_and_nearest(
    line: str, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f"[ui]\n{line}\n")
    with pytest.raises(ConfigError) as caught:
        check_ui(load(file).ui, file)
    assert f"{file}:{2 + line.count(chr(10))}: {told}" in str(caught.value)


def test_all_ids_pages_and_commands_that_there_are_can_be_named() -> None:
    ids = binding_ids()
    assert {"list.logs", "table.open", "act.all", "tab.overview", "pager.wrap", "dialog.cancel"} <= ids
    keys = ("L", "ctrl+l", "f5", "shift+n", "question_mark", "a,ctrl+b", "ctrl+space", "plus", "é", "alt+up")
    ui = UiSettings(
        keys={name: keys[i % len(keys)] for i, name in enumerate(sorted(ids))},
        aliases={
            f"my-{i}": f"{alias} tf-production"
            for i, alias in enumerate(a for e in ENTRIES.values() for a in e.aliases)
        },
    )
    assert list(wrong(ui)) == []
    assert list(wrong(UiSettings(keys={"list.logs": ""}))) == [], "no key at all"
    served = (
        "cm",
        "secrets",
        "leases",
        "roles",
        "crd",
        "sa",
        "externalsecrets.external-secrets.io",
        "ep shop",
    )
    aliases = {f"x{i}": text for i, text in enumerate(served)}
    assert list(wrong(UiSettings(aliases=aliases))) == [], "kinds that only a server has"
    for kind in ("keys", "aliases"):  # what the example shows
        note = next(mark for mark in hints_of(UiSettings)[kind].__metadata__ if isinstance(mark, Note))
        shown = tomllib.loads(note.sample)
        assert list(wrong(UiSettings(**{kind: shown}))) == []
    for entry in ENTRIES.values():
        if entry.id in ("overview", "canary", "calendar", "audit", "list.pods"):
            assert list(wrong(UiSettings(start=entry.aliases[0]))) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[environments.prod]\n[[journeys]]\nname = 'a'\nprobe = 'up'\nenvironment = 'prd'",
            'c.toml:5: journeys.0.environment: "prd" is not one of [environments]; did you mean "prod"?',
        ),
        (
            "[[journeys]]\nname = 'a'\nprobe = 'up'\nkind = 'Deploymnt'",
            'c.toml:4: journeys.0.kind: "Deploymnt" is no kind; did you mean "Deployment"?',
        ),
        (
            "[environments.prod]\n[[metrics.services]]\n[[metrics.services]]\nenvironment = 'test'",
            'c.toml:4: metrics.services.1.environment: "test" is not one of [environments]; valid here: prod',
        ),
        ("[metrics]\ndefault_template = 'istoi'", "c.toml:2: metrics.default_template: there is no template"),
        (
            "[actions]\n\nsecond_person = ['pod.evct']",
            "c.toml:3: actions.second_person: there is no action 'pod.evct'",
        ),
    ],
)
def test_a_name_of_what_stands_elsewhere_in_the_file_must_be_there(text: str, told: str) -> None:
    assert told in refused(text)


ITEM = "[maintenance.items.root-ca]\nper = 'environment'\n"
NAMES_AN_ENVIRONMENT = {  # each key that does, in a table that says nothing else wrong
    "journeys.environment": "[[journeys]]\nname = 'a'\nprobe = 'up'\nenvironment = 'productoin'",
    "metrics.services.environment": "[[metrics.services]]\nenvironment = 'productoin'",
    "certificates.endpoints.environment": "[[certificates.endpoints]]\naddress = 'a:1'\nenvironment = 'productoin'",
    "versions.plan.environment": "[[versions.plan]]\nversion = '1.38'\ndate = '2027-01-19'\nenvironment = 'productoin'",
    "policy.waivers.environment": "[[policy.waivers]]\nrule = 'resources.limits'\nwho = 'jo'\nwhy = 'x'\nuntil = '2027-01-31'\nenvironment = 'productoin'",
    "maintenance.items.environments": f"{ITEM}environments = ['production', 'productoin']",
    "versions.production": "[versions]\nproduction = 'productoin'",
}  # fmt: skip


def _naming(
    kind: type, at: str = "", words: tuple[str, ...] = ("environment", "environments")
) -> Iterator[str]:
    """Each key of the configuration that is called so, dotted, without numbers and names."""
    for name, hint in hints_of(kind).items():
        if name in words and table_in(hint) is None:
            yield f"{at}{name}"
        elif (table := table_in(hint)) is not None:
            yield from _naming(table, f"{at}{name}.", words)


def test_every_key_that_names_an_environment_is_held_against_those_that_there_are() -> None:
    assert set(_naming(Settings)) <= set(NAMES_AN_ENVIRONMENT)


@pytest.mark.parametrize("text", NAMES_AN_ENVIRONMENT.values(), ids=NAMES_AN_ENVIRONMENT)
def test_a_misspelt_environment_is_told_and_one_that_is_there_is_taken(text: str) -> None:
    told = refused(f"[environments.production]\n{text}")
    assert '"productoin" is not one of [environments]; did you mean "production"?' in told
    assert "c.toml:" in told
    parse(f"[environments.production]\n{text.replace('productoin', 'production')}", "c.toml")


def test_the_shipped_names_of_environments_are_no_fault_of_one_who_has_others() -> None:
    parse(
        "[environments.eu]\n[maintenance.items.root-ca]\nper = 'environment'\nenvironments = ['e*']", "c.toml"
    )
    assert "did you mean" in refused("[maintenance.items.vacuum-analyse]\ngrace = '2d'")
    assert 'write ["*"], or enabled = false' in refused(f"{ITEM}environments = []")
    assert 'where per = "platform"' in refused("[maintenance.items.root-ca]\nenvironments = ['x']")
    assert "write that, or take clusters out" in refused(f"{ITEM}clusters = ['x']")


TWO = "[[environments.production.clusters]]\nname = 'eu-1'\n[[environments.production.clusters]]\nname = 'us-1'\n"
NAMES_A_CLUSTER = {
    "journeys.cluster": "[[journeys]]\nname = 'a'\nprobe = 'up'\ncluster = 'eu1'",
    "certificates.endpoints.cluster": "[[certificates.endpoints]]\naddress = 'a:1'\ncluster = 'eu1'",
    "maintenance.items.clusters": "[maintenance.items.root-ca]\nper = 'cluster'\nclusters = ['eu1']",
}


def test_a_misspelt_cluster_is_told_and_not_taken_for_the_first() -> None:
    named = set(_naming(Settings, words=("cluster", "clusters")))
    assert named <= {*NAMES_A_CLUSTER, "environments.clusters"}
    for text in NAMES_A_CLUSTER.values():
        assert '"eu1" is not one of the clusters; did you mean "eu-1"?' in refused(TWO + text)
        parse(TWO + text.replace("eu1", "us-1"), "c.toml")
        parse(f"[environments.production]\n{text}", "c.toml")  # kubectl's context says what it is called
    far = "[[certificates.endpoints]]\naddress = 'a:1'\nenvironment = 'lab'\ncluster = 'eu-1'"
    assert '"eu-1" is not one of the clusters of lab' in refused(
        f"{TWO}[environments.lab]\nname = 'l'\n{far}"
    )
