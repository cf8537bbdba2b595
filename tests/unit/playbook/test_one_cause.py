"""One failure is told once, however many objects it leaves unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec
import pytest

from tests.kinds import NOTHING_STORED
from tests.unit.playbook.certificates.kept import certificate
from tests.unit.playbook.making import NOW, REF, deployment, picture
from tfdash.judging.judge import judge_all
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Objects
from tfdash.model.verdict import Level

STALE_AFTER = 120.0
MANY = 12
DEAD = Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused by the test")
FORBIDDEN = Problem(kind=ProblemKind.FORBIDDEN, cause="may not list, says the test")
State = Callable[[Observation[Objects]], Observation[Objects]]
STATES: dict[str, State] = {
    "stale": lambda seen: msgspec.structs.replace(seen, observed_at=NOW - STALE_AFTER - 1, problem=DEAD),
    "forbidden": lambda seen: Observation(problem=FORBIDDEN, source=seen.source),
}
WORLD = picture(
    *(deployment(name=f"web-{n}") for n in range(MANY)),
    *(certificate(name=f"cert-{n}") for n in range(MANY)),
    *(Node(namespace="", name=f"node-{n}", kubelet_version="v1.37.2") for n in range(MANY)),
)
KINDS = sorted(WORLD.clusters[REF].kinds)


@pytest.mark.parametrize("kind", [*KINDS, ""])
@pytest.mark.parametrize("state", STATES)
def test_what_cannot_be_read_is_one_finding_of_a_section(state: str, kind: str) -> None:
    """``kind`` "": the whole cluster."""
    cluster = WORLD.clusters[REF]
    kinds = {k: STATES[state](seen) if kind in (k, "") else seen for k, seen in cluster.kinds.items()}
    clusters = {REF: msgspec.structs.replace(cluster, kinds=kinds)}
    seen = msgspec.structs.replace(WORLD, clusters=clusters, store_state=NOTHING_STORED)
    told = judge_all(seen, NOW, stale_after=STALE_AFTER)
    causes = (DEAD.cause, FORBIDDEN.cause, "not proven current")
    for section in told.sections:
        blind = [f.sentence for f in section.findings if f.level is Level.UNKNOWN and not f.loading]
        many = Counter(next((c for c in causes if c in sentence), "") for sentence in blind)
        many.pop("", None)
        assert all(count == 1 for count in many.values()), (section.id, blind)
        assert len(many) <= 1, (section.id, blind)
