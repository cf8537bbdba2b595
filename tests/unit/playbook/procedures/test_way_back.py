"""The way back after a lost environment: what the file says, what a run of it has, and what goes back to what it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from tests.unit.playbook.making import NOW, REF, deployment, pod, replica_set
from tests.unit.playbook.procedures.probing import FORBIDDEN, ask, seen
from tests.unit.playbook.procedures.restoring import LOST, case, good, hpa
from tfdash.config.problems import ConfigError
from tfdash.model.observation import Observation
from tfdash.model.procedure import Procedure, Step, StepKind
from tfdash.model.run import RunEvent, RunEventKind, RunJournal
from tfdash.model.subject import Subject
from tfdash.model.traffic import Journey, JourneyRun, Signals
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.answering import answered
from tfdash.playbook.procedures.candidates import InputCase
from tfdash.playbook.procedures.expansion import expanded
from tfdash.playbook.procedures.inputs import INPUT_TYPES, unfit_inputs, whole
from tfdash.playbook.procedures.last_good import (
    StoodBefore,
    restored_parts,
    restored_text,
    standing,
    stood_before,
    wrong_restored,
)
from tfdash.playbook.procedures.library import library
from tfdash.playbook.procedures.policy import RecoveryPolicy
from tfdash.playbook.procedures.probes.lines import in_cluster
from tfdash.playbook.procedures.reading import read_procedure
from tfdash.playbook.procedures.started import run_id
from tfdash.playbook.procedures.walk import all_steps
from tfdash.report.runbooks.document import FilledWith, document

ID, BEFORE = "way-back", "environment-failure"
OWN = {"run": "r", "environment": "production", "cluster": "eu-1", "began": "0"}
LEDGER = restored_text(good("ledger", comes_up="signed"))
CHECKOUT = restored_text(good(replicas=5, scaler="checkout", minimum=2, maximum=8), StoodBefore(0, 1, 2))


def steps_of(**more: tuple[str, ...]) -> dict[str, Step]:
    found = library().procedures[ID]
    inputs: dict[str, tuple[str, ...]] = {"home": (LOST.cluster,), "services": (LEDGER, CHECKOUT), **more}
    assert not unfit_inputs(found, inputs)
    return {step.id: step for step in all_steps(expanded(found, inputs, OWN).steps)}


def test_the_order_and_the_kinds_of_the_way_back() -> None:
    found = [
        (step.id, step.kind) for step in expanded(library().procedures[ID], {"standby": (LEDGER,)}, OWN).steps
    ]
    kinds = dict(found)
    order = [id for id, _ in found if not id.startswith(("tier-", "gate-"))]
    assert order == [
        *("writers", "answers", "runs-there", "stopped", "fenced", "told", "data", "critical", "ttl-known"),
        *("switch-agreed", "window", "told-switch", "held", "promoted", "switched", "ttl-passed"),
        *("arrived", "critical-again", "back", "stands-by", "ended", "learned", "closed"),
    ]
    of_kind = {
        StepKind.GATE: {"fenced", *(f"gate-{n}" for n in range(1, 6))},
        StepKind.COMMAND: {"data", "switched"},
        StepKind.WAIT: {"window", "ttl-passed", "arrived"},
        StepKind.APPROVAL: {"switch-agreed"},
        StepKind.NOTIFY: {"told", "told-switch", "ended"},
        StepKind.DECISION: {"runs-there"},
        StepKind.CHECK: {"answers", "learned"},
    }
    for kind, ids in of_kind.items():
        assert {id for id, of in found if of is kind} == ids
    assert kinds["writers"] is kinds["held"] is StepKind.MANUAL
    places = [id for id, _ in found]
    assert places.index("fenced") < places.index("data") < places.index("tier-1")
    assert places.index("gate-5") < places.index("window") < places.index("switched")


def test_it_acts_in_the_old_region_up_to_the_switch_and_in_this_one_behind_it() -> None:
    steps = steps_of(standby=(stood_before(CHECKOUT),))
    acts = {id: step.cluster for id, step in steps.items() if step.kind is StepKind.ACTION}
    assert acts == {
        **dict.fromkeys(("stop--1", "stop--2", "size-1--1", "bounds-3--2", "size-3--2"), LOST.cluster),
        **dict.fromkeys(("bounds-back--1", "size-back--1"), ""),
    }
    for id, cluster in acts.items():
        asks = (*steps[id].before, *steps[id].after)
        assert asks and all(dict(one.arguments).get("cluster", "") == cluster for one in asks), id
        assert steps[id].needs == (f"cluster {cluster or OWN['cluster']}",)
    back = steps["size-back--1"], steps["bounds-back--1"]
    assert [dict(one.arguments) for one in back] == [{"replicas": "0"}, {"minimum": "1", "maximum": "2"}]
    final = [id for id, step in steps.items() if step.no_return]
    assert final == ["promoted", "switched"]
    assert ("calendar.open", ()) in [(one.probe, one.arguments) for one in steps["switched"].before]
    assert steps["window"].until == "window release"


def test_the_names_are_waited_for_as_long_as_they_live() -> None:
    steps = steps_of(ttl=("90s",))
    assert (steps["ttl-passed"].lasts, steps["ttl-passed"].lasts_as) == (90.0, "")
    assert steps["ttl-passed"].title.startswith("90s have passed")
    assert steps_of()["ttl-passed"].lasts == 300.0
    assert unfit_inputs(library().procedures[ID], {"home": ("eu-2",), "ttl": ("soon",)})
    with pytest.raises(ValueError, match="soon"):  # of a start by somebody else: no run, and no wait
        expanded(library().procedures[ID], {"home": ("eu-2",), "ttl": ("soon",)}, OWN)
    shown = {one["id"]: one for one in document(library().procedures[ID])["steps"]}
    assert "for {ttl}" in shown["ttl-passed"]["how"]
    assert any("in {home}" in told for told in shown["size-2--1"]["how"])


def test_a_line_of_the_old_region_never_goes_where_kubectl_happens_to_point() -> None:
    shown = {one["id"]: one for one in document(library().procedures[ID])["steps"]}
    for id in ("stop--1", "size-2--1", "bounds-2--1"):
        assert all(line.startswith("kubectl --context CLUSTER ") for line in shown[id]["lines"]), id
    assert shown["fenced"]["asks"][0]["line"].startswith("kubectl --context CLUSTER get ")
    assert shown["size-back--1"]["lines"] == ["kubectl scale deployment/name -n namespace --replicas=2"]
    filled = document(library().procedures[ID], FilledWith(inputs={"home": ("eu 2",)}))
    (stop,) = [one for one in filled["steps"] if one["id"] == "stop--1"]
    assert stop["lines"][0].startswith("kubectl --context 'eu 2' scale ")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("kubectl get nodes", "kubectl --context eu-2 get nodes"),
        ("kubectl argo rollouts promote x", "kubectl argo rollouts --context eu-2 promote x"),
        ("kubectl a; kubectl b > c.txt", "kubectl --context eu-2 a; kubectl --context eu-2 b > c.txt"),
        ("date", "date"),
        ("", ""),
    ],
)
def test_each_command_of_a_line_names_the_cluster(line: str, told: str) -> None:
    assert in_cluster(line, "eu-2") == told and in_cluster(line, "") == line


WAITS = """
title = "x"
[[inputs]]
id = "ttl"
title = "for how long"
type = "{type}"
{more}
[[steps]]
id = "w"
title = "w"
kind = "wait"
lasts = "{lasts}"
"""


@pytest.mark.parametrize(
    ("type", "more", "lasts", "right"),
    [
        ("duration", "", "{ttl}", True),
        ("duration", 'optional = true\ndefault = "5m"', "{ttl}", True),
        ("duration", "optional = true", "{ttl}", False),
        ("text", "", "{ttl}", False),
        ("duration", "", "{tlt}", False),
        ("duration", "", "{ttl} or so", False),
        ("duration", "", "5m", True),
    ],
)
def test_a_wait_lasts_as_long_as_an_input_says(type: str, more: str, lasts: str, right: bool) -> None:
    text = WAITS.replace("{type}", type).replace("{more}", more).replace("{lasts}", lasts)
    if right:
        read_procedure("x", text)
        return
    with pytest.raises(ConfigError):
        read_procedure("x", text)


# -- what stands by goes back to what it was -------------------------------------------------------------------------------


def test_what_a_service_was_before_it_was_brought_up_is_in_its_text() -> None:
    assert not wrong_restored(CHECKOUT)
    assert stood_before(CHECKOUT) == "Deployment a/checkout tier=3 replicas=0 hpa=checkout min=1 max=2"
    assert restored_parts(stood_before(CHECKOUT))["scaler"] == "HorizontalPodAutoscaler a/checkout"
    assert stood_before(restored_text(good(), StoodBefore(1))) == "Deployment a/checkout tier=3 replicas=1"
    assert stood_before(LEDGER) == stood_before("Deployment a/x tier=3 replicas=2 had=many") == ""


def test_how_it_stands_here_is_what_is_read_now_and_nothing_else() -> None:
    one, objects = good(scaler="checkout"), (deployment(desired=0), hpa(min_replicas=1, max_replicas=2))
    here = case(*objects)
    assert standing(one, here) == StoodBefore(0, 1, 2)
    assert standing(good(), here) == StoodBefore(0)
    assert standing(one, case()) is None  # there is no such service here
    assert standing(one, msgspec.structs.replace(here, now=NOW + 3600)) is None  # it is long ago
    for kind in ("Deployment", "HorizontalPodAutoscaler"):
        unread = seen(here.picture, kind, problem=FORBIDDEN, complete=False)
        assert standing(one, msgspec.structs.replace(here, picture=unread)) is None
    assert standing(one, msgspec.structs.replace(here, cluster=LOST)) is None  # it is not watched


def started(id: str, texts: Sequence[str], at: float, **more: Any) -> RunJournal:
    data: dict[str, Any] = {
        **{"procedure": id, "digest": "d", "nonce": "n", "text": "", "dry": False},
        **{"inputs": {"services": list(texts)}, "environment": REF.environment, "cluster": REF.cluster},
        **more,
    }
    run = more.get("run") or run_id(
        id,
        "d",
        "ann",
        {"services": tuple(texts)},
        "n",
        where=(data["environment"], data["cluster"]),
        dry=data["dry"],
    )
    event = RunEvent(
        kind=RunEventKind.STARTED, run=run, number=1, terminal="ann", at=at, by="ann", sentence="", data=data
    )
    return RunJournal(id=run, events=(event,))


def candidates(journals: Sequence[RunJournal], procedures: Mapping[str, Procedure]) -> list[str]:
    at = case(deployment())
    state = msgspec.structs.replace(at.picture.store_state, runs={one.id: one for one in journals})
    of = InputCase(
        wanted=next(one for one in library().procedures[ID].inputs if one.id == "standby"),
        cluster=REF,
        picture=msgspec.structs.replace(at.picture, store_state=state),
        assessment=at.assessment,
        policies=Policies(recovery=RecoveryPolicy(procedures=procedures)),
    )
    return [one.value for one in INPUT_TYPES["stood"].candidates(of)]


def test_what_no_recovery_here_was_told_in_earnest_says_nothing() -> None:
    known = library().procedures
    mine = started(BEFORE, [LEDGER, CHECKOUT], 10.0)
    web = restored_text(good(), StoodBefore(2))
    assert candidates([mine], known) == [stood_before(CHECKOUT)]
    assert candidates([], known) == []
    others = [
        started(BEFORE, [web], 30.0, cluster="elsewhere"),
        started(BEFORE, [web], 30.0, dry=True),
        started(ID, [web], 30.0),  # it brings nothing up here
        started(BEFORE, [web], 30.0, run="forged"),
    ]
    for one in others:
        assert candidates([mine, one], known) == [stood_before(CHECKOUT)], one.id


def test_where_no_run_knows_it_nothing_is_scaled_back_by_itself() -> None:
    assert "back" not in steps_of(standby=())
    assert "stands-by" in steps_of(standby=())
    found = library().procedures[ID]

    def nothing(wanted: Any, chosen: Any) -> InputCase:
        at = case(deployment())
        return InputCase(wanted=wanted, cluster=REF, picture=at.picture, assessment=at.assessment)

    assert whole(found, {"standby": ("all",)}, nothing)["standby"] == ()


# -- fenced ----------------------------------------------------------------------------------------------------------------


def test_nothing_runs_there() -> None:
    idle = deployment(desired=0, available=0)
    for objects, passed, told in (
        ((idle,), True, "nothing runs of 2 services"),
        ((deployment(),), False, "checkout has 3 pods"),
        ((deployment(desired=0, available=1),), False, "checkout has 1 pod"),
        ((idle, replica_set(), pod(phase="Succeeded")), True, "nothing runs of 2 services"),
        ((idle, replica_set(), pod()), False, "checkout has 1 pod"),
        # of a node that does not answer: the API server only says that it is to end
        ((idle, replica_set(), pod(deleting=NOW - 600)), False, "checkout has 1 pod"),
    ):
        said = answered(ask("last-good.quiet"), case(*objects))
        assert said.passed is passed and told in said.sentence, said
    at = case(idle)
    blind = seen(at.picture, "Pod", value=None, problem=FORBIDDEN, complete=False)
    assert answered(ask("last-good.quiet"), msgspec.structs.replace(at, picture=blind)).passed is None
    elsewhere = answered(ask("last-good.quiet", cluster="eu-9"), case(idle))
    assert elsewhere.passed is None and answered(ask("last-good.quiet"), case(services={})).passed is None


def test_of_a_cluster_only_its_own_journeys_are_asked() -> None:
    def seen(ref: Any, ok: bool) -> Observation[Journey]:
        runs = (JourneyRun(at=NOW - 5, ok=ok),)
        journey = Journey(name="pay", workload=Subject(ref, "Deployment", "a", "checkout"), runs=runs)
        return Observation(value=journey, observed_at=NOW, complete=True)

    at = case(deployment())
    signals = Signals(journeys={"here": seen(REF, True), "there": seen(LOST, False)})
    at = msgspec.structs.replace(at, picture=msgspec.structs.replace(at.picture, signals=signals))
    assert answered(ask("journey.passes"), at).passed is False
    assert answered(ask("journey.passes", cluster=REF.cluster), at).passed is True
    assert answered(ask("journey.passes", cluster=LOST.cluster), at).passed is False
