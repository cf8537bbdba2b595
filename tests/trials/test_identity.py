"""Another login while a dialog is open: by hand, since on a busy machine it was once carried out as before (not understood yet)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.platform.harness.simulated import Platform
from tests.platform.harness.terminals import Terminal, terminal, write_config
from tests.platform.test_between import (  # noqa: F401 - fixtures among them
    KINDS,
    At,
    Clock,
    break_the_glass,
    demo,
    over,
    platform,
    refused,
    smaller,
)
from tests.unit.actions.acting import TestJudge
from tfdash.model.store_state import EntryKind
from tfdash.sources.kubernetes.source import KubernetesSource
from tfdash.store.log.reading import entries_of, read_folder

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]


def who(found: Terminal) -> str:
    (cluster,) = found.board.picture.clusters.values()
    return cluster.info.value.user if cluster.info.value is not None else ""


def test_a_change_of_identity(platform: Platform, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    """The kubeconfig's token file is replaced (another login) while the dialog is open."""
    token = tmp_path / "token"
    document = json.loads(platform.kubeconfig.read_text())
    tokens = {u["name"]: u["user"]["token"] for u in document["users"]}
    token.write_text(tokens["admin"])
    for user in document["users"]:
        if user["name"] == "admin":
            user["user"] = {"tokenFile": str(token)}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps(document))
    clock, judge = Clock(), TestJudge()
    config = write_config(tmp_path / "one", kubeconfig, "production")
    with terminal(config, clock=clock, judge=judge, kinds=KINDS) as found:
        at = At(found, clock, [0.0], config, judge)
        guarded = smaller(at, platform)
        assert guarded.allowed, guarded.refused
        user = next(c.text for c in guarded.checks if c.id == "identity").rpartition(" ")[2]
        break_the_glass(found)
        found.until(lambda: "production" in found.board.picture.store_state.break_glass, "break-glass")
        token.write_text(tokens["oncall"])
        for (
            source
        ) in found.board._sources:  # the file is read again within a minute, or when the server refuses it
            if isinstance(source, KubernetesSource):
                source.credentials.authorization(renew=True)
        refused(at, guarded, platform, f"the plan was made as {user}")
        found.until(lambda: who(found) != user, "the picture to know who we are", 60)
        found.until(lambda: over(at), "break-glass to end with it")
        told = [e.sentence for e in entries_of(read_folder(found.folder)) if e.kind is EntryKind.BREAK_GLASS]
        assert "the identity changed to" in told[-1]
