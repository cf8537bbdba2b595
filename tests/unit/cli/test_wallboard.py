"""The wall holds nothing that could act: neither what it imports nor what it is put together from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tfdash.cli import main
from tfdash.cli.wall_options import pages_of
from tfdash.views.wall.names import WALL_IDS

# [actions] is validated by the names in the registry of actions: descriptions, which have nobody to send what they draft.
ACTING = (
    *("tfdash.writers", "tfdash.cli.acting", "tfdash.cli.running", "tfdash.actions.executors"),
    *("tfdash.actions.core.runner", "tfdash.actions.core.guard", "tfdash.actions.core.action_service"),
    *("tfdash.store.peers.leases", "tfdash.store.peers.last_known_good"),
    *("screens.app", "screens.commands", "screens.dialogs", "screens.pages", "screens.lists"),
    *("widgets.palette", "widgets.commands", "widgets.confirm", "kubernetes"),
)
COMPOSED = """
import argparse, sys
from tfdash.cli import wallboard
from tfdash.cli.compose import clock_of
from tfdash.config.load import load
from tfdash.config.quick import load_quick
from screens.wall.app import WallApp
from screens.wall.context import WallContext
from tfdash.views.wall.names import WALL_IDS

config = load_quick(sys.argv[1])
clock = clock_of(config)
args = argparse.Namespace(namespace="", all_namespaces=False)
watched = [wallboard._watched(args, config, load(config.path), clock, [])]
app = WallApp(WallContext(watched, clock, config.zone, WALL_IDS, 20.0))
print(*sorted(sys.modules), sep="\\n")
"""
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: wall
clusters: [{name: wall, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: wall, user: {token: not-a-real-one}}]
contexts: [{name: wall, context: {cluster: wall, user: wall}}]
"""


def test_no_writer_no_action_and_no_palette_is_imported_by_the_wall_as_it_is_put_together(
    tmp_path: Path,
) -> None:
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    config = tmp_path / "config.toml"
    config.write_text(
        'read_only = false\n[environments.production]\nkubeconfig = "kubeconfig"\n'
        f'[store]\npath = "{tmp_path / "store"}"\n'.replace('"kubeconfig"', f'"{tmp_path / "kubeconfig"}"')
    )
    done = subprocess.run(
        [sys.executable, "-c", COMPOSED, str(config)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split()
    assert "screens.wall.app" in loaded
    found = [name for name in loaded if name in ACTING or name.startswith(tuple(f"{a}." for a in ACTING))]
    assert found == []
    assert not (tmp_path / "store").exists()  # nothing is made, nothing is written


@pytest.mark.parametrize(
    ("text", "pages", "wrong"),
    [
        ("overview", ["overview"], ""),
        (" canary,overview ,canary", ["canary", "overview"], ""),
        (",".join(WALL_IDS), list(WALL_IDS), ""),
        ("canry", [], 'there is no page "canry" of a wall; did you mean "canary"?'),
        ("", [], "there is no page"),
    ],
)
def test_pages_are_named_in_their_order(text: str, pages: list[str], wrong: str) -> None:
    found, told = pages_of(text)
    assert found == pages
    assert wrong in told


def test_where_there_is_no_terminal_it_says_what_to_use_instead(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wallboard"]) == 3
    assert "no terminal" in capsys.readouterr().err
