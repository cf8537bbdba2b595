"""What a step needs, by table: there, not there, or not known."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.playbook.making import NOW
from tests.unit.playbook.procedures.probing import FORBIDDEN, GONE, case_of, of, seen
from tfdash.model.observation import Observation, Problem
from tfdash.model.picture import Picture, ServerInfo, SourceInfo
from tfdash.model.procedure import Procedure
from tfdash.model.store_state import StoreHealth, StoreState
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.needs import NEEDS, needed
from tfdash.playbook.procedures.policy import RecoveryPolicy

READ: Observation[SourceInfo] = Observation(value=SourceInfo(name="store"), complete=True, observed_at=NOW)
HAS = RecoveryPolicy(
    procedures={"a": Procedure(id="a", title="a", steps=())},
    hosts=("db-1",),
    pipelines=("deploy",),
    channels=("chat",),
)


def kept(**health: Any) -> Picture:
    return msgspec.structs.replace(
        of(), store_state=StoreState(health=StoreHealth(**health)), sources={"store": READ}
    )


def told(problem: Problem | None = None, count: int = 0) -> Picture:
    status = Observation(
        value=SourceInfo(name="notify", count=count), problem=problem, complete=True, observed_at=NOW
    )
    return msgspec.structs.replace(of(), sources={"notify": status})


US = seen(of(), "", value=ServerInfo(version="v1.37.2", user="jo"))
TABLE: list[tuple[Picture, str, bool | None, str]] = [
    (of(), "cluster", True, "answers"),
    (of(), "cluster eu-1", True, "eu-1 answers"),
    (of(), "cluster us-1", None, "us-1 is no cluster that is watched"),
    (seen(of(), "", problem=GONE), "cluster", False, "does not answer"),
    (seen(of(), "", problem=FORBIDDEN), "logs", None, "may not list"),
    (of(), "metrics", None, "no Prometheus is configured"),
    (US, "login", True, "eu-1 takes us for jo"),
    (of(), "login", None, "not known yet"),
    (seen(US, "", problem=GONE), "login", None, "the log-in: "),
    (kept(path="/x/log.db"), "store", True, "/x/log.db"),
    (kept(path="/x/log.db", local="disk full"), "store", False, "disk full"),
    (of(), "store", None, "not opened yet"),
    (kept(path="/x"), "shared", False, "no shared store is configured"),
    (kept(path="/x", shared_configured=True), "shared", True, "is read"),
    (kept(path="/x", shared_configured=True, shared="refused"), "shared", False, "refused"),
    (of(), "ssh db-1", None, "configured, and not used lately"),
    (of(), "ssh db-2", False, "no host db-2 is configured: [procedures.hosts.db-2]"),
    (of(), "pipeline deploy", None, "not used lately"),
    (of(), "notify", None, "channel chat"),
    (of(), "notify page", False, "no channel page is configured"),
    (told(), "notify", None, "channel chat"),
    (told(count=2), "notify", True, "2 messages arrived"),
    (told(count=2), "notify page", False, "no channel page"),
    (told(GONE, count=2), "notify chat", False, "connection refused"),
    (of(), "runbooks", True, "1 procedure"),
    (of(), "last-good", None, "no service that is restored is named"),
    (of(), "moon", None, "nobody knows"),
]


@pytest.mark.parametrize(("picture", "need", "there", "sentence"), TABLE)
def test_whether_it_is_there(picture: Picture, need: str, there: bool | None, sentence: str) -> None:
    case = msgspec.structs.replace(case_of(picture), policies=Policies(recovery=HAS))
    told = needed(need, case)
    assert (told.passed, told.unknown is None) == (there, there is not None), told.sentence
    assert sentence in told.sentence


def test_what_did_its_work_lately_is_there_and_what_is_gone_is_gone_all_the_same() -> None:
    case = msgspec.structs.replace(case_of(of()), policies=Policies(recovery=HAS))
    proven = {"ssh db-1": NOW - 60, "ssh db-2": NOW - 60}
    assert needed("ssh db-1", case, proven).passed is True
    assert needed("ssh db-2", case, proven).passed is False


def test_each_need_is_in_the_table() -> None:
    assert {need.partition(" ")[0] for _, need, *_ in TABLE} - {"moon"} == NEEDS.keys()
