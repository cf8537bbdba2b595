"""A whole acting terminal on an API server, put together by the program's own composition, with no screen in front of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.unit.actions.acting import KINDS, Bench, TestJudge
from tfdash.cli.acting import compose, mode_of
from tfdash.cli.compose import board_of
from tfdash.clock import Clock, SystemClock
from tfdash.config.load import load
from tfdash.config.quick import load_quick
from tfdash.model.subject import ClusterRef, Subject
from tfdash.procedures.service import Runs
from tfdash.sources.base import ALL
from tfdash.store.ledger import Store

REF = ClusterRef("production", "eu-1")
_CONFIG = """
read_only = {read_only}
{clusters}
[sources.kubernetes]
backoff_first = "50ms"
backoff_longest = "300ms"
publish_every = "20ms"
{kubernetes}
[store]
path = {path}
deadline = "4s"
{store}
[calendar]
days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
start = "00:00"
length = "24h"
blackout_from_day = 0
blackout_to_day = 0
[actions]
server_timeout = "5s"
follow = "30s"
{actions}
{more}
"""
_CLUSTER = """
{table}
name = {name}
kubeconfig = {kubeconfig}
context = {context}
"""


class Terminal(Bench):
    """``ledger`` is the real store; ``folder`` holds its files; ``runs`` carries out procedures."""

    store: Store
    folder: Path
    runs: Runs

    def subject(self, kind: str, namespace: str, name: str) -> Subject:
        return Subject(REF, kind, namespace, name)

    def loop(self, work: Any, timeout: float = 60.0) -> Any:
        """Something of the store's, where the store lives."""
        return self.run(self.board.on_loop(work), timeout)


def write_config(
    folder: Path,
    kubeconfig: Path,
    context: str,
    *,
    url: str = "",
    actions: str = "",
    store: str = "",
    kubernetes: str = "",
    more: str = "",
    read_only: bool = False,
    others: Mapping[str, Path] | None = None,
) -> Path:
    """The configuration of one terminal; the database's URL is a secret in a file of its own. ``others``: kubeconfigs of further clusters of the
    environment, by their names."""
    folder.mkdir(parents=True, exist_ok=True)
    if url:
        (folder / "url").write_text(url)
        (folder / "url").chmod(0o600)
        store += f"\nurl = {json.dumps(f'file:{folder}/url')}"
    path = folder / "config.toml"
    path.write_text(
        _CONFIG.format(
            read_only=str(read_only).lower(),
            clusters="".join(
                _CLUSTER.format(
                    table="[[environments.production.clusters]]" if others else "[environments.production]",
                    name=json.dumps(name),
                    kubeconfig=json.dumps(str(file)),
                    context=json.dumps(context),
                )
                for name, file in {REF.cluster: kubeconfig, **(others or {})}.items()
            ),
            path=json.dumps(str(folder / "store")),
            store=store,
            kubernetes=kubernetes,
            actions=actions,
            more=more,
        )
    )
    return path


@contextmanager
def terminal(
    config: Path,
    *,
    clock: Clock | None = None,
    judge: TestJudge | None = None,
    kinds: tuple[str, ...] = KINDS,
    over: Mapping[str, Any] | None = None,
) -> Iterator[Terminal]:
    """As ``tfdash run`` puts it together. The calendar is the test judge's."""
    quick = load_quick(str(config), "", "", "")
    settings = load(config)
    clock, judge = clock or SystemClock(), judge or TestJudge()
    board, sources = board_of(quick, settings, clock, judge=judge)
    acting = compose(board, quick, settings, sources, clock, mode_of(settings, False, False))
    board.want("test", {kind: ALL for kind in kinds})
    board.start()
    store: Any = acting.ledger
    found = Terminal(board, acting.actions, store, judge)
    found.store, found.folder = store, acting.options.folder
    assert isinstance(acting.runs, Runs)
    found.runs = acting.runs
    try:
        found.until(
            lambda: not [w for w in board.unsettled() if w[1] in kinds], "the first lists", timeout=60.0
        )
        found.until(lambda: bool(board.picture.store_state.health.terminal), "the store's facts")
        yield found
    finally:
        board.stop(5.0)
        store.close()
