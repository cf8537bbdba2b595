"""Following changes gives what looking at everything afresh gives, whatever comes and goes in what order."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.playbook.releases import making
from tests.unit.playbook.releases.making import (
    NOW,
    REF,
    cluster,
    deployment,
    meta,
    owned,
    pods,
    replica_set,
    rollout,
)
from tests.unit.playbook.releases.test_flagger import canary
from tests.unit.playbook.releases.test_owners import MINE, application
from tfdash.judging.judge import Judge
from tfdash.model.kube import Object
from tfdash.model.observation import Observation
from tfdash.model.picture import Change, ClusterPicture, Picture
from tfdash.model.release import ReleaseState
from tfdash.model.subject import Key, Subject
from tfdash.playbook.policies import Policies
from tfdash.playbook.releases import RULE, find_releases

PAIRS = [("*", "*-next")]
POLICIES = Policies(pairs=tuple(PAIRS))


def universe() -> dict[tuple[str, Key], list[Object]]:
    """Each object in one or two shapes."""
    one, two = (replica_set("web", h, f"r/web:{n}", 2, n) for h, n in (("a", 1), ("b", 2)))
    half = replica_set("web-next", "c", "r/web:3", 1, 2)
    over = rollout(name="ro", canary={"currentStepAnalysisRunStatus": {"name": "run", "status": "Running"}})
    over["spec"]["workloadRef"] = {"kind": "Deployment", "name": "base"}
    sets = making.versions(name="ro")
    documents: list[dict[str, Any]] = [
        deployment(metadata={"annotations": MINE}),
        deployment(status={"updatedReplicas": 1}),
        one,
        two,
        *pods(one, 1),
        *pods(two, 1),
        deployment("web-next", replicas=1),
        deployment("web-next", replicas=0),
        half,
        *pods(half, 1),
        over,
        rollout(name="ro", phase="Paused"),
        *sets[:4],
        deployment("base"),
        {"kind": "AnalysisRun", "metadata": meta("run", **owned("Rollout", "ro"))},
        {**canary(), "metadata": meta("flag"), "spec": {"targetRef": {"kind": "Deployment", "name": "flag"}}},
        deployment("flag"),
        deployment("flag-primary"),
        application({}),
        application({"selfHeal": True}),
    ]
    found: dict[tuple[str, Key], list[Object]] = {}
    for document in documents:
        for kind, seen in cluster(document).kinds.items():
            for key, obj in (seen.value or {}).items():
                found.setdefault((kind, key), []).append(obj)
    return found


UNIVERSE = universe()
CHOICE = st.sampled_from(sorted(UNIVERSE))


@pytest.mark.long
@settings(max_examples=60)
@given(full=st.booleans(), steps=st.lists(st.tuples(CHOICE, st.integers(-1, 1)), max_size=40))
def test_following_is_looking_afresh(full: bool, steps: list[tuple[tuple[str, Key], int]]) -> None:
    picture = cluster()
    if full:
        for (kind, key), shapes in UNIVERSE.items():
            picture = _with(picture, kind, {**picture.objects(kind), key: shapes[0]})
    judge = Judge(policies=POLICIES, rules=(RULE,))
    said = judge.assess(_whole(picture), _changed(picture), NOW)[0]
    assert said.releases == _afresh(picture)
    for (kind, key), shape in steps:
        shapes = UNIVERSE[kind, key]
        after = None if shape < 0 else shapes[shape % len(shapes)]
        objects = {k: o for k, o in picture.objects(kind).items() if k != key}
        if after is not None:
            objects[key] = after
        picture = _with(picture, kind, objects)
        change = Change(keys={(REF, kind): frozenset({key})}, freshness=frozenset())
        said = judge.assess(_whole(picture), change, NOW)[0]
        assert said.releases == _afresh(picture)


def _afresh(picture: ClusterPicture) -> dict[Subject, ReleaseState]:
    return find_releases(picture, NOW, PAIRS, settled=POLICIES.settled)


def _whole(cluster: ClusterPicture) -> Picture:
    return Picture(at=NOW, number=1, clusters={REF: cluster})


def _changed(cluster: ClusterPicture) -> Change:
    return Change(keys={(REF, kind): None for kind in cluster.kinds}, freshness=frozenset())


def _with(picture: ClusterPicture, kind: str, objects: dict[Key, Object]) -> ClusterPicture:
    seen: Observation[Any] = Observation(value=objects, complete=True, observed_at=NOW, source=kind)
    assert picture.ref == REF
    return msgspec.structs.replace(picture, kinds={**picture.kinds, kind: seen})
