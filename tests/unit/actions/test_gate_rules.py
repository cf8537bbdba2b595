"""The rules of the gate as a table, and the guard that asks them in order: who is asked, what is refused, what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.unit.actions.things import CLOSED, NOW, OPEN, REF, subject
from tests.unit.playbook.procedures.running import AT, TEXT, Run
from tfdash.actions.core.gate_rules import (
    GateInput,
    calendar,
    checks,
    emergency,
    extra_needed,
    held,
    lock,
    own_break_glass,
    second_person,
    verdict,
    waived,
)
from tfdash.actions.core.guard import Looked, look
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.kubernetes.managed_by import LEAVE, SUSPEND
from tfdash.model.action import Check, Choice, FreezeRule, Plan, Risk, Waiver
from tfdash.model.calendar import CalendarState
from tfdash.model.judgement import Advice, CanaryJudgement, Outcome
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.release import Carrier, Phase, ReleaseState
from tfdash.model.requests import ReadFailed
from tfdash.model.store_state import BreakGlass, RunningAction, StoreHealth, StoreState
from tfdash.playbook.schedule import default_calendar_policy
from tfdash.playbook.schedule.policy import Closed

WEB = subject("Deployment", "web")
POLICY = ActionPolicy(calendar=default_calendar_policy())
GLASS = BreakGlass(
    environment="production", by="ann", reason="fire", since=NOW, until=NOW + 60, terminal="t1"
)
UNTRUSTED = CalendarState(
    at=NOW, open=True, text="release CLOSED", why="clocks differ", problem="clocks", opens_at=7.0
)
NOBODY = StoreHealth()
KUBERNETES = StoreHealth(stamps="kubernetes")
SHARED = StoreHealth(shared_configured=True)
SHARED_DOWN = StoreHealth(shared_configured=True, shared="it \x1bis down")
FROZEN, EXEMPT = FreezeRule.FROZEN, FreezeRule.EXEMPT


def case(health: StoreHealth = NOBODY, glass: BreakGlass | None = None, **over: Any) -> GateInput:
    facts = StoreState(health=health, break_glass={} if glass is None else {"production": glass})
    given: dict[str, Any] = {
        "action": "rollout.promote",
        "subject": WEB,
        "freeze": FROZEN,
        "risk": Risk.TYPED_NAME,
        "promotes": False,
        "release": None,
        "judgement": None,
        "calendar": OPEN,
        "facts": facts,
        "user": "ann",
        "terminal": "t1",
        "now": NOW,
    }
    return GateInput(**(given | over))


def changed(glass: BreakGlass, **over: Any) -> BreakGlass:
    return BreakGlass(**({name: getattr(glass, name) for name in glass.__struct_fields__} | over))


@pytest.mark.parametrize(
    ("glass", "over", "ours"),
    [
        (GLASS, {}, True),
        (GLASS, {"now": NOW + 59.9}, True),
        (GLASS, {"now": NOW + 60}, False),  # half-open: over at its end
        (GLASS, {"now": NOW - 0.1}, False),
        (GLASS, {"user": "bob"}, False),
        (GLASS, {"terminal": "t2"}, False),
        (changed(GLASS, terminal=""), {"terminal": "t2"}, True),  # of every terminal of hers
        (changed(GLASS, terminal=""), {"user": "bob"}, False),
        (None, {}, False),
        (GLASS, {"subject": WEB._replace(cluster=REF._replace(environment="staging"))}, False),
    ],
)
def test_whose_break_glass_holds_and_when(glass: BreakGlass | None, over: dict[str, Any], ours: bool) -> None:
    assert own_break_glass(case(glass=glass, **over)) == (glass if ours else None)


def release(started: float | None, phase: Phase = Phase.PROGRESSING) -> ReleaseState:
    return ReleaseState(subject=WEB, carrier=Carrier.ROLLOUT, phase=phase, message="", started=started)


INSIDE, LATER = (
    NOW - 1800,
    NOW + 1800,
)  # begun 10:30 in New York; asked at 11:30, and the day ends at 16:00 or so
FED = replace(default_calendar_policy(), told=(Closed(NOW - 600, NOW + 3600, "freeze", "audit"),))
UNFED = replace(default_calendar_policy(), unread="feed x was never read")
CALENDAR_CASES = [
    ({}, (True, "open: inside the window", None)),
    ({"calendar": CLOSED}, (False, "closed: blackout", NOW + 86400)),
    ({"calendar": CLOSED, "freeze": EXEMPT}, (True, "never frozen by the calendar", None)),
    ({"calendar": None}, (False, "the release calendar is not known yet: what it may freeze waits", None)),
    ({"calendar": None, "freeze": EXEMPT}, (True, "never frozen by the calendar", None)),
    ({"calendar": UNTRUSTED}, (False, "clocks differ", 7.0)),
    # a release that began inside its window may finish, where the calendar can be trusted
    (
        {"calendar": CLOSED, "release": release(INSIDE)},
        (True, "it began inside its window and may finish", None),
    ),
    ({"calendar": UNTRUSTED, "release": release(INSIDE)}, (False, "clocks differ", 7.0)),
    ({"calendar": CLOSED, "release": release(None)}, (False, "closed: blackout", NOW + 86400)),
    (
        {"calendar": CLOSED, "release": release(INSIDE, Phase.ABORTED)},
        (False, "closed: blackout", NOW + 86400),
    ),
    (
        {"calendar": CLOSED, "release": release(NOW - 86400)},
        (False, "closed: blackout; it did not begin inside a release window", NOW + 86400),
    ),
    # what a feed closes cuts that short, and one that was never read gives no leave
    (
        {"calendar": CLOSED, "release": release(INSIDE), "window": FED},
        (
            False,
            "closed: blackout; it began inside its window, but was to finish by 10:50 EST: pause or abort only",
            NOW + 86400,
        ),
    ),
    (
        {"calendar": CLOSED, "release": release(INSIDE), "window": UNFED},
        (False, "closed: blackout; feed x was never read", NOW + 86400),
    ),
    ({"calendar": CLOSED, "glass": GLASS}, (True, "the calendar is waived by break-glass: fire", None)),
    ({"calendar": CLOSED, "glass": GLASS, "freeze": EXEMPT}, (True, "never frozen by the calendar", None)),
    (
        {"calendar": CLOSED, "risk": Risk.SECOND_PERSON, "health": KUBERNETES},
        (
            None,
            "closed: blackout; as an emergency fix it needs a second person's approval and a reason",
            NOW + 86400,
        ),
    ),
    ({"calendar": CLOSED, "risk": Risk.SECOND_PERSON}, (False, "closed: blackout", NOW + 86400)),
    ({"calendar": CLOSED, "health": KUBERNETES}, (False, "closed: blackout", NOW + 86400)),
]


@pytest.mark.parametrize(("over", "expected"), CALENDAR_CASES)
def test_what_the_calendar_says(
    over: dict[str, Any], expected: tuple[bool | None, str, float | None]
) -> None:
    told = calendar(case(**over), POLICY)
    assert (told.id, told.passed, told.opens_at) == ("policy", expected[0], expected[2])
    whole = "may finish" not in expected[1]
    assert told.text == expected[1] if whole else told.text.startswith(expected[1])


def test_without_a_policy_of_the_calendar_nothing_may_finish() -> None:
    told = calendar(case(calendar=CLOSED, release=release(INSIDE)), ActionPolicy())
    assert (told.passed, told.text) == (False, "closed: blackout")


@pytest.mark.parametrize(
    ("health", "over", "policy", "may"),
    [
        (KUBERNETES, {}, POLICY, True),
        (SHARED, {}, POLICY, True),
        (SHARED_DOWN, {}, POLICY, False),  # nobody stamps while it is down
        (NOBODY, {}, POLICY, False),
        (StoreHealth(stamps="postgresql"), {}, POLICY, False),  # says who would, not that it can now
        (KUBERNETES, {}, ActionPolicy(emergency=False), False),
        (KUBERNETES, {"calendar": None}, POLICY, False),
        (KUBERNETES, {"calendar": UNTRUSTED}, POLICY, False),
        (KUBERNETES, {"calendar": OPEN}, POLICY, False),  # open: there is nothing to go past
        (KUBERNETES, {"freeze": EXEMPT}, POLICY, False),
    ],
)
def test_when_a_second_person_may_open_a_closed_calendar(
    health: StoreHealth, over: dict[str, Any], policy: ActionPolicy, may: bool
) -> None:
    assert emergency(case(health, **({"calendar": CLOSED} | over)), policy) is may


def judged(outcome: Outcome, sentence: str = "so") -> CanaryJudgement:
    return CanaryJudgement(subject=WEB, at=NOW, outcome=outcome, advice=Advice.WAIT, sentence=sentence)


@pytest.mark.parametrize(
    ("judgement", "passed", "text"),
    [
        (None, None, "nothing judges this release: to promote it needs a further confirmation"),
        (judged(Outcome.BREACH, "a\x1bb"), False, "BREACH: a␛b"),
        (judged(Outcome.PASS, "a\x1bb"), True, "PASS: a␛b"),
        (judged(Outcome.HOLD), None, "HOLD: so; needs a further confirmation"),
        (judged(Outcome.NO_DATA, "NO DATA: none"), None, "NO DATA: none; needs a further confirmation"),
    ],
)
def test_a_promotion_is_asked_for_the_verdict(
    judgement: CanaryJudgement | None, passed: bool | None, text: str
) -> None:
    told = verdict(case(promotes=True, judgement=judgement))
    assert told == Check(id="canary", text=text, passed=passed)
    assert verdict(case(promotes=False, judgement=judgement)) is None
    assert extra_needed((Check(id="x", text="", passed=None), told)) is (passed is None)


def acting(who: str, terminal: str = "t2", **over: Any) -> RunningAction:
    given = {
        "subject": WEB._replace(uid="u"),
        "by": who,
        "action": "a\x1bb",
        "since": NOW,
        "terminal": terminal,
    }
    return RunningAction(**(given | over))


@pytest.mark.parametrize(
    ("others", "freeze", "passed", "text"),
    [
        ((), FROZEN, True, "nobody else acts on it"),
        ((acting("ann", "t1"),), FROZEN, True, "nobody else acts on it"),  # we ourselves
        ((acting("bob", subject=subject("Deployment", "api")),), FROZEN, True, "nobody else acts on it"),
        ((acting("b\x1bb"),), FROZEN, False, "b␛b acts on it too: a␛b"),
        ((acting("bob"),), EXEMPT, None, "bob acts on it too: a␛b"),
        (
            (acting("eve", claimed=True),),
            FROZEN,
            None,
            "claimed, by a Lease that nobody stamps: eve acts on it too: a␛b",
        ),
        # what is known stands before what is claimed, in whatever order
        ((acting("eve", claimed=True), acting("bob")), FROZEN, False, "bob acts on it too: a␛b"),
    ],
)
def test_somebody_else_acts(
    others: tuple[RunningAction, ...], freeze: FreezeRule, passed: bool | None, text: str
) -> None:
    found = lock(case(freeze=freeze, facts=StoreState(acting=others)))
    assert found == Check(id="lock", text=text, passed=passed)


NEEDED = "it needs a second person's approval of this very plan"


@pytest.mark.parametrize(
    ("health", "glass", "passed", "text"),
    [
        (KUBERNETES, None, None, NEEDED),
        (SHARED, None, None, NEEDED),
        (SHARED_DOWN, None, False, "it needs a second person, and the shared store says: it ␛is down"),
        (
            NOBODY,
            None,
            False,
            "it needs a second person, and no server is configured that could stamp who approves ([store] url or approvals)",
        ),
        (NOBODY, GLASS, True, "the second person is waived by break-glass: fire"),
        (StoreHealth(stamps="kubernetes", shared="down"), None, None, NEEDED),  # that one does not stamp here
    ],
)
def test_a_second_person(
    health: StoreHealth, glass: BreakGlass | None, passed: bool | None, text: str
) -> None:
    asked = case(health, glass, risk=Risk.SECOND_PERSON)
    assert second_person(asked) == Check(id="approval", text=text, passed=passed)
    assert second_person(asked._replace(risk=Risk.TYPED_NAME_AND_REASON)) is None


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({}, ()),
        ({"calendar": OPEN, "glass": GLASS}, ()),
        ({"glass": GLASS}, (("calendar", "the release calendar (break-glass: fire): closed: blackout"),)),
        ({"health": KUBERNETES}, ()),  # nobody asks a second person for it
        (
            {"health": KUBERNETES, "risk": Risk.SECOND_PERSON},
            (("calendar", "the release calendar: closed: blackout"),),
        ),
        ({"health": NOBODY, "risk": Risk.SECOND_PERSON}, ()),
        (
            {"glass": GLASS, "risk": Risk.SECOND_PERSON},
            (
                ("calendar", "the release calendar (break-glass: fire): closed: blackout"),
                ("second-person", "the second person (break-glass: fire)"),
            ),
        ),
        (
            {"promotes": True, "judgement": judged(Outcome.HOLD), "calendar": OPEN},
            (("verdict", "a PASS of the triggers: HOLD: so; needs a further confirmation"),),
        ),
        ({"promotes": True, "judgement": judged(Outcome.PASS), "calendar": OPEN}, ()),
        ({"promotes": True, "judgement": judged(Outcome.BREACH), "calendar": OPEN}, ()),
    ],
)
def test_the_rules_that_a_plan_goes_past(over: dict[str, Any], expected: tuple[tuple[str, str], ...]) -> None:
    found = waived(case(**({"calendar": CLOSED} | over)), POLICY)
    assert found == tuple(Waiver(id=i, text=t) for i, t in expected)


HELD = TEXT.replace("recovery = true\n", 'recovery = true\nholds = ["Deployment shop/web"]\n')


@pytest.mark.parametrize(
    ("text", "over", "passed"),
    [
        (HELD, {}, False),
        (HELD, {"freeze": EXEMPT}, None),
        (HELD, {"run": "another-run"}, False),
        (HELD.replace("recovery = true\n", ""), {}, None),
        (HELD.replace("shop/web", "shop/cart"), {}, True),
        (HELD, {"subject": subject("Canary", "web")}, False),
        (HELD, {"subject": subject("Canary", "way"), "release": release(None)}, False),
    ],
)
def test_what_a_recovery_holds(text: str, over: dict[str, Any], passed: bool | None) -> None:
    run = Run(text, environment=REF.environment, cluster=REF.cluster)
    asked = case(facts=StoreState(runs={run.id: run.journal}), **over)
    found = held(asked)
    assert (True if found is None else found.passed) is passed
    assert found is None or (found.id == "run" and run.id in found.text)
    assert held(asked._replace(run=run.id)) is None


def test_of_two_recoveries_that_began_at_once_the_first_goes_on() -> None:
    """Neither terminal saw the other's start: refused both, nobody could do anything before one of them is given up."""
    runs = [Run(HELD, environment=REF.environment, cluster=REF.cluster, nonce=nonce) for nonce in ("a", "b")]
    first, second = sorted(runs, key=lambda one: one.id)
    asked = case(facts=StoreState(runs={run.id: run.journal for run in runs}))
    goes_on, waits = held(asked._replace(run=first.id)), held(asked._replace(run=second.id))
    assert goes_on is not None and waits is not None
    assert (goes_on.passed, waits.passed) == (None, False)
    assert second.id in goes_on.text and first.id in waits.text
    first.events[0] = msgspec.structs.replace(first.events[0], at=AT + 11)
    asked = case(facts=StoreState(runs={run.id: run.journal for run in runs}))
    late = held(asked._replace(run=first.id))
    assert late is not None and late.passed is False


RELEASE = HELD.replace("recovery = true\n", "")


@pytest.mark.parametrize(
    ("action", "over", "passed", "words"),
    [
        ("workload.rollback", {}, False, "it is the step “roll it back” of"),
        ("workload.rollback", {"freeze": EXEMPT}, None, "of which it is the step “roll it back”, whose turn"),
        ("workload.restart", {}, None, "a run is open on it"),
        ("workload.rollback", {"subject": subject("Deployment", "cart")}, True, ""),
    ],
)
def test_a_step_of_an_open_run_is_done_there(
    action: str, over: dict[str, Any], passed: bool | None, words: str
) -> None:
    run = Run(RELEASE, environment=REF.environment, cluster=REF.cluster)
    asked = case(action=action, facts=StoreState(runs={run.id: run.journal}), **over)
    found = held(asked)
    assert (True if found is None else found.passed) is passed
    assert found is None or words in found.text
    assert held(asked._replace(run=run.id)) is None
    other = Run(RELEASE, environment=REF.environment, cluster=REF.cluster, nonce="other")
    both = StoreState(runs={one.id: one.journal for one in (run, other)})
    beside = held(asked._replace(run=other.id, facts=both))
    assert beside is None or beside.passed is None  # of two runs that have it neither waits for the other
    run.add("done", "seen", attempt=1)
    run.add("decided", "how", branch="forth")  # and now it is none
    later = held(asked._replace(facts=StoreState(runs={run.id: run.journal})))
    assert later is None or later.passed is None


def test_they_are_asked_in_one_order() -> None:
    whole = checks(case(KUBERNETES, promotes=True, risk=Risk.SECOND_PERSON), POLICY)
    assert [c.id for c in whole] == ["policy", "canary", "lock", "approval"]
    assert [c.id for c in checks(case(), POLICY)] == ["policy", "lock"]


PLAN = Plan(id="p", action="x", title="x: y", subject=WEB, effect="e", requests=())
LEFT = Choice(id=LEAVE, text="leave", chosen=True)


class Target:
    """An executor that says what it is told to, and counts its dry runs."""

    def __init__(
        self, rights: bool | None = True, facts: bool | None = True, dry: bool | None = True
    ) -> None:
        self.told = {"right": rights, "facts": facts, "dry-run": dry}
        self.dry_runs = 0
        self.none = self.unread = False

    def check(self, id_: str) -> Check:
        return Check(id=id_, text=id_, passed=self.told[id_])

    async def identity(self) -> tuple[str, tuple[str, ...]]:
        if self.unread:
            raise ReadFailed(Problem(kind=ProblemKind.UNREACHABLE, cause="a\x1bb"))
        return "a\x1bnn", ("ops",)

    async def rights(self, plan: Plan) -> Check:
        return self.check("right")

    async def facts(self, plan: Plan) -> Check:
        return self.check("facts")

    async def dry_run(self, plan: Plan) -> Check | None:
        self.dry_runs += 1
        return None if self.none else self.check("dry-run")


async def looked(target: Target, plan: Plan = PLAN, **over: Any) -> Looked:
    given: dict[str, Any] = {"dry_run": True} | over
    ask = given.pop("case", case())
    return await look(plan, target, lambda user: ask._replace(user=user), POLICY, **given)  # type: ignore[arg-type]


async def test_the_guard_asks_everything_in_order() -> None:
    found = await looked(Target())
    assert [c.id for c in found.checks] == ["identity", "right", "policy", "lock", "facts", "dry-run"]
    assert found.checks[0] == Check(id="identity", text="the server takes us for a␛nn", passed=True)
    assert (found.user, found.groups, found.refused) == ("a\x1bnn", ("ops",), None)
    choices = (LEFT, Choice(id=SUSPEND, text="stop"))
    with_sync = Plan(id="p", action="x", title="x: y", subject=WEB, effect="e", requests=(), choices=choices)
    ids = [c.id for c in (await looked(Target(), with_sync)).checks]
    assert ids == ["identity", "right", "policy", "lock", "sync", "facts", "dry-run"]


@pytest.mark.parametrize(
    ("target", "over", "refused", "dry_runs"),
    [
        (Target(), {}, None, 1),
        (Target(rights=None, facts=None), {}, None, 1),  # what is not known refuses nothing
        (Target(rights=False), {}, "right", 0),  # nothing is asked of a server that refuses already
        (Target(facts=False), {}, "facts", 0),
        (Target(rights=False, facts=False), {}, "right", 0),  # the first that refuses is said
        (Target(), {"case": case(calendar=CLOSED)}, "policy", 0),
        (Target(dry=False), {}, "dry-run", 1),
        (Target(dry=False), {"dry_run": False}, None, 0),
    ],
)
async def test_what_the_guard_refuses(
    target: Target, over: dict[str, Any], refused: str | None, dry_runs: int
) -> None:
    found = await looked(target, **over)
    assert (found.refused.id if found.refused else None) == refused
    assert target.dry_runs == dry_runs


async def test_where_there_is_no_dry_run_none_is_said() -> None:
    target = Target()
    target.none = True
    assert [c.id for c in (await looked(target)).checks][-1] == "facts"


async def test_who_we_are_is_asked_first() -> None:
    target = Target()
    target.unread = True
    found = await looked(target)
    assert found.checks == (Check(id="identity", text="who we are cannot be asked: a␛b", passed=False),)
    assert (found.user, found.groups) == ("", ())


@pytest.mark.parametrize(
    ("user", "groups", "same"),
    [
        ("", (), True),  # not made before
        ("", ("dev",), True),
        ("a\x1bnn", ("ops",), True),
        ("b\x1bb", ("ops",), False),
        ("a\x1bnn", ("dev",), False),  # its groups decide what it may
    ],
)
async def test_a_plan_is_sent_as_whom_it_was_made(user: str, groups: tuple[str, ...], same: bool) -> None:
    target = Target()
    found = await looked(target, user=user, groups=groups)
    assert found.user == "a\x1bnn"
    if same:
        assert found.refused is None and found.groups == ("ops",)
        return
    text = f"the server takes us for a␛nn now; the plan was made as {user.replace(chr(27), '␛')}"
    assert found.checks == (Check(id="identity", text=text, passed=False),)
    assert (found.groups, target.dry_runs) == ((), 0)
