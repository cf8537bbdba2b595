"""Stored releases through the real reader: what is asked for, what stays, what may not be read, and that nothing of their content is anywhere."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from tests.unit.playbook.making import NOW, REF
from tests.unit.sources.helm.storing import PLANTED, manifest_of, packed, stored
from tests.unit.sources.scripted import Answer, Asked, scripted
from tests.unit.sources.usage.test_source import FakeBoard
from tests.waiting import soon
from tfdash.cli.gates.versions import as_json, lines
from tfdash.clock import FixedClock
from tfdash.config.load import parse
from tfdash.config.problems import ConfigError
from tfdash.judging.judge import judge_all
from tfdash.model.helm import StoredKind, StoredRelease
from tfdash.model.observation import Observation, ProblemKind
from tfdash.model.picture import ServerInfo
from tfdash.model.versions import NOTHING_SEEN
from tfdash.sources.helm import source as helm
from tfdash.sources.helm.settings import HelmSettings
from tfdash.sources.helm.source import StoredReleasesSource
from tfdash.sources.kubernetes.discovery import Discovery
from tfdash.sources.kubernetes.reads import SingleReads
from tfdash.views import versions as view

SECRETS, MAPS = "/api/v1/secrets", "/api/v1/configmaps"
OLD = manifest_of(("policy/v1beta1", "PodDisruptionBudget", "web"))
NEW = manifest_of(("policy/v1", "PodDisruptionBudget", "web"))
HAS_OLD = (StoredKind("policy/v1beta1", "PodDisruptionBudget", "web"),)
HAS_NEW = (StoredKind("policy/v1", "PodDisruptionBudget", "web"),)


def listed(*items: Mapping[str, Any], following: str = "") -> Answer:
    return Answer([json.dumps({"metadata": {"continue": following}, "items": items}).encode()])


def refused(status: int) -> Answer:
    return Answer([json.dumps({"kind": "Status", "message": "no", "code": status}).encode()], status)


def one(path: str, manifest: str = OLD, **of: Any) -> dict[str, Answer]:
    """The object that a release is stored in, under its path."""
    found = stored(**of, data=packed(manifest, secret=path == SECRETS))
    place = f"/api/v1/namespaces/{of.get('namespace', 'shop')}{path.removeprefix('/api/v1')}"
    return {f"{place}/{found['metadata']['name']}": Answer([json.dumps(found).encode()])}


GOOD: dict[str, Answer] = {
    SECRETS: listed(stored(), stored(revision=2, status="superseded"), stored("api")),
    **one(SECRETS),
    **one(SECRETS, NEW, release="api"),
}


class Looking:
    """A source that looks when it is told to, at what its server says then."""

    def __init__(self, *stored_in: str) -> None:
        self.board = FakeBoard()
        told = self.board.picture.clusters[REF]
        told = msgspec.structs.replace(
            told, info=Observation(value=ServerInfo(version="v1.37.2"), observed_at=NOW, complete=True)
        )
        self.board.picture = msgspec.structs.replace(self.board.picture, clusters={REF: told})
        self.clock = FixedClock(NOW)
        self.asked: list[Asked] = []
        settings = HelmSettings(stored_in=stored_in or ("Secret",))  # type: ignore[arg-type]
        self.source = StoredReleasesSource(REF, settings, self.clock, self._list, self._read)  # type: ignore[arg-type]
        self._reads: SingleReads | None = None

    async def _list(self, kind: str) -> Any:
        assert self._reads is not None
        return await self._reads.list_stored(kind)

    async def _read(self, kind: str, at: Any) -> Any:
        assert self._reads is not None
        return await self._reads.read_stored(kind, at)

    async def look(self, answers: Mapping[str, Answer] | Callable[[Asked], Answer]) -> list[str]:
        """Returns the paths that were asked for."""
        say = answers if callable(answers) else lambda asked: answers.get(asked.path, refused(404))
        async with scripted(say) as (reader, asked):
            self._reads = SingleReads(REF, lambda: reader, Discovery(), (), self.clock)
            await self.source._look(self.board)
        self.asked = asked
        return [a.path for a in asked]

    @property
    def seen(self) -> Observation[Any]:
        return self.board.picture.clusters[REF].kinds[StoredRelease.KIND]

    @property
    def found(self) -> dict[str, StoredRelease]:
        return {f"{k.namespace} {k.name}": o for k, o in (self.seen.value or {}).items()}


async def test_of_each_release_the_revision_that_helm_goes_by_is_read_and_no_other() -> None:
    at = Looking()
    await at.look(GOOD)
    assert {name: (r.called, r.revision, r.kinds, r.odd) for name, r in at.found.items()} == {
        "shop Secret/web": ("web", 3, HAS_OLD, ""),
        "shop Secret/api": ("api", 3, HAS_NEW, ""),
    }
    listing, *singles = at.asked
    assert listing.query == {
        "limit": "500",
        "labelSelector": "owner=helm",
        "fieldSelector": "type=helm.sh/release.v1",
    }
    assert len(singles) == 2, "the superseded one is not read"
    assert (at.seen.complete, at.seen.problem, at.source.status.value) is not None
    assert at.source.status.value is not None and at.source.status.value.about == "2 stored releases"


async def test_what_did_not_change_is_not_read_again_and_what_is_gone_goes() -> None:
    at = Looking()
    await at.look(GOOD)
    assert await at.look(GOOD) == [SECRETS]
    assert at.board.puts[-1] == frozenset(), "nothing is new"
    upgraded = {SECRETS: listed(stored(revision=4, as_of="9")), **one(SECRETS, NEW, revision=4)}
    assert len(await at.look(upgraded)) == 2
    assert {name: (r.revision, r.kinds) for name, r in at.found.items()} == {"shop Secret/web": (4, HAS_NEW)}
    written_anew = {SECRETS: listed(stored(revision=4, as_of="10")), **one(SECRETS, OLD, revision=4)}
    await at.look(written_anew)
    assert at.found["shop Secret/web"].kinds == HAS_OLD


async def test_config_maps_are_the_other_way_and_both_may_be_looked_at() -> None:
    at = Looking("Secret", "ConfigMap")
    maps = {MAPS: listed(stored("old")), **one(MAPS, release="old")}
    await at.look({**GOOD, **maps})
    assert {name: r.kinds for name, r in at.found.items()} == {
        "shop Secret/web": HAS_OLD,
        "shop Secret/api": HAS_NEW,
        "shop ConfigMap/old": HAS_OLD,
    }
    assert {a.query.get("fieldSelector") for a in at.asked if a.path == MAPS} == {None}
    await at.look({**GOOD, MAPS: refused(500)})
    assert "shop ConfigMap/old" in at.found, "what was read before stays"
    problem = at.seen.problem
    assert problem is not None and problem.cause.startswith("ConfigMaps: the server failed (500)")


async def test_a_long_list_is_read_to_its_end() -> None:
    pages = iter([listed(stored(), following="more"), listed(stored("api"))])
    at = Looking()
    await at.look(lambda asked: next(pages) if asked.path == SECRETS else GOOD[asked.path])
    assert len(at.found) == 2
    assert [a.query.get("continue") for a in at.asked if a.path == SECRETS] == [None, "more"]


async def test_who_may_not_list_them_knows_nothing_and_is_told_what_to_ask_for() -> None:
    at = Looking()
    await at.look({SECRETS: refused(403)})
    problem = at.seen.problem
    assert problem is not None and (problem.kind, problem.transient) == (ProblemKind.FORBIDDEN, False)
    assert problem.cause == "Secrets: no"
    assert problem.remedy == "allow list and get of them, or take them out of stored_in under [sources.helm]"
    assert not at.seen.complete and at.seen.value is None and at.seen.observed_at is None


async def test_who_may_list_and_not_get_is_refused_once() -> None:
    at = Looking()
    paths = await at.look(
        {path: refused(403) if path != SECRETS else answer for path, answer in GOOD.items()}
    )
    assert len(paths) == 2, "what one runs into every other would"
    assert not at.seen.complete and at.seen.problem is not None


async def test_one_that_fails_takes_no_other_with_it_and_one_that_went_is_none() -> None:
    at = Looking()
    [path] = one(SECRETS)
    await at.look({**GOOD, path: refused(500)})
    assert set(at.found) == {"shop Secret/api"} and not at.seen.complete
    assert at.seen.problem is not None and at.seen.problem.cause.startswith(
        "Secret shop/sh.helm.release.v1.web.v3: "
    )
    await at.look(GOOD)
    await at.look({p: answer for p, answer in GOOD.items() if p != path})
    assert set(at.found) == {"shop Secret/web", "shop Secret/api"}, (
        "it did not change, so it was not asked for"
    )
    at = Looking()
    await at.look({p: answer for p, answer in GOOD.items() if p != path})
    assert set(at.found) == {"shop Secret/api"} and at.seen.complete and at.seen.problem is None


async def test_of_too_many_the_rest_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helm, "MOST", 1)
    at = Looking()
    await at.look(GOOD)
    assert len(at.found) == 1
    assert (
        at.seen.problem is not None
        and at.seen.problem.cause == "2 releases are stored in Secrets: only 1 are read"
    )


async def test_nothing_of_their_content_is_anywhere(caplog: pytest.LogCaptureFixture) -> None:
    """Not in the picture, nor in what is judged, nor on the page, in a report, in a log."""
    caplog.set_level(logging.DEBUG)
    at = Looking("Secret", "ConfigMap")
    odd = stored("odd", data=f"{PLANTED}!")
    answers = {
        **GOOD,
        SECRETS: listed(stored(), stored("api"), stored("odd"), stored("yaml")),
        **one(SECRETS, f"a: [{PLANTED}\n", release="yaml"),
        "/api/v1/namespaces/shop/secrets/sh.helm.release.v1.odd.v3": Answer([json.dumps(odd).encode()]),
        MAPS: listed(
            stored("whole", data=packed(OLD, secret=False))
        ),  # a server that knows no metadata lists
        **one(MAPS, release="whole"),
    }
    await at.look(answers)
    assert len(at.found) == 5
    judged = judge_all(at.board.picture, NOW)
    assert judged.versions is not None
    everything = "\n".join(
        map(repr, (at.board.picture, at.board.said, at.source.status, judged, vars(at.source)))
    )
    everything += caplog.text + json.dumps([msgspec.to_builtins(o) for o in at.found.values()])
    everything += "\n".join(view.lines(judged.versions, NOTHING_SEEN, "UTC"))
    everything += json.dumps(as_json(judged.versions, 1, "")) + "\n".join(lines(judged.versions))
    assert "PodDisruptionBudget" in everything, "the search finds what is there"
    for planted in (PLANTED, PLANTED[:12], packed(OLD)[:60], packed(OLD, secret=False)[:60]):
        assert planted not in everything


async def test_it_is_looked_at_once_the_cluster_answers_and_awaited_until_then() -> None:
    at = Looking()
    assert at.source.unsettled(at.board.picture, at.board.assessment) == ("eu-1 stored Helm releases",)

    def say(asked: Asked) -> Answer:
        return GOOD.get(asked.path, refused(404))

    async with scripted(say) as (reader, _):
        at._reads = SingleReads(REF, lambda: reader, Discovery(), (), at.clock)
        task = asyncio.create_task(at.source.run(at.board))
        await soon(lambda: at.board.said, "the first round")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert at.source.unsettled(at.board.picture, at.board.assessment) == ()
    told = await at.source.doctor(at.board)
    assert told.reached and not told.findings


def test_it_is_opt_in() -> None:
    assert HelmSettings().stored_in == ()
    assert parse('[sources.helm]\nstored_in = ["ConfigMap"]', "x").sources.helm.stored_in == ("ConfigMap",)
    with pytest.raises(ConfigError):
        parse('[sources.helm]\nstored_in = ["secrets"]', "x")
