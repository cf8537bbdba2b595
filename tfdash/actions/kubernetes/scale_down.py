"""The scale-down of a whole non-production namespace outside its hours, the way back, and a person's word that it stays up.

Every object is changed by one patch of its own that holds only while its size is what was read, and that writes the memory of that
size into the object itself (``tfdash.playbook.resources.scaled_down``): what was done half way is brought back, or gone on with, by
whoever plans it anew, from any terminal. The numbers stand in the recorded intent, too.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tfdash.actions.core.action import Action, by_plan
from tfdash.actions.core.eligibility import bare
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.postconditions import Postcondition, PostconditionFacts
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.kubernetes.keepers import joined, put_back
from tfdash.actions.kubernetes.lost_sizes import lost_in, otherwise_told
from tfdash.actions.kubernetes.managed_by import managed_by_parts
from tfdash.actions.kubernetes.patches import UID, conditional, map_changes, operations_of
from tfdash.actions.kubernetes.paths import path_of
from tfdash.actions.kubernetes.postconditions import WRITTEN
from tfdash.actions.kubernetes.scaled_objects import (
    CHANGED,
    One,
    back_words,
    counts_of,
    forgets,
    lines_of,
    listed,
    managers_of_all,
    note_at,
    noun,
    objects_in,
    request_of,
    scalers_of,
    to_words,
)
from tfdash.model.action import FreezeRule, Request, Risk
from tfdash.model.capability import Capability
from tfdash.model.kube import CronJob, Object
from tfdash.model.observation import ProblemKind
from tfdash.model.store_state import RESTORE, SCALE_DOWN
from tfdash.model.subject import Subject
from tfdash.nouns import counted
from tfdash.playbook.releases.facts import canonical, facts_of, pointer_of
from tfdash.playbook.resources import night
from tfdash.playbook.resources.hours import KEEP_UP_BY, KEEP_UP_UNTIL, KEEP_UP_WHY, LONGEST, Hours, kept_up
from tfdash.playbook.resources.scaled_down import (
    MEMORY,
    Broken,
    SizeStep,
    down,
    remembered,
    replicas_of,
    scaler_of,
    up,
)
from tfdash.playbook.schedule.asking import asked
from tfdash.text import safe


async def scale_down(context: PlanContext) -> Draft:
    """Everything that can be stopped, to nothing; each object remembers its own size."""
    at, namespace = context.at, context.at.name
    hours = _hours(context)
    document = await context.document(at)
    unmarked = hours.unmarked(document.get("metadata", {}).get("labels") or {})
    if unmarked:  # the lists may say yet that it is marked
        raise PlanRefused(unmarked)
    kept = kept_up(document.get("metadata", {}).get("annotations") or {}, context.now)
    if kept is not None:
        raise PlanRefused(
            f"{safe(kept.by) or 'somebody'} keeps it up until {_clock(hours, kept.until)}: {safe(kept.why)}",
            opens_at=kept.until,
        )
    objects, stays = await objects_in(context)
    flying = _in_flight(context)
    stays += tuple(f"{noun(o)} stays: its release is in flight" for o in objects if bare(o.subject) in flying)
    objects = [o for o in objects if bare(o.subject) not in flying]
    scalers, unread = await scalers_of(context, {o.scaler for o in objects if o.scaler})
    for name, problem in unread.items():
        if problem.kind is not ProblemKind.NOT_SERVED:
            raise PlanRefused(
                f"KEDA ScaledObject {safe(name)} cannot be read, which alone can be paused for its target: {problem.cause}"
            )
    objects = [o._replace(scaler="") if o.scaler in unread else o for o in objects]
    steps = [(o, s) for o in (*scalers, *objects) if (s := down(o.document, o.subject.kind, o.scaler))]
    if not steps:
        raise PlanRefused("nothing in it runs that could be scaled down")
    managers = managers_of_all(context, [o for o, _ in steps])
    notes, choices = await managed_by_parts(context, managers, namespace)
    keepers = await joined(context, managers)
    requests = tuple(request_of(o, s, f"{noun(o)}: {to_words(s)}") for o, s in steps)
    earlier = [
        f"{o.subject.name} ({s.memory})" if s.field == "replicas" else o.subject.name
        for o, s in steps
        if s.keeps
    ]
    again = (
        f"{listed(earlier)} came up again since an earlier scale-down: what was remembered then stays and comes back",
    )
    facts = (UID, pointer_of("metadata", "labels", hours.label), note_at(KEEP_UP_UNTIL))
    pods = sum(replicas_of(o.document) for o, s in steps if s.field == "replicas")
    autoscaled = sum(o.autoscaled for o, _ in steps)
    return Draft(
        subject=context.found(document),
        effect=f"{namespace} goes to nothing: {counts_of(steps)} ({counted(pods, 'pod')}); each remembers what it was, "
        "and b brings all of it back",
        requests=(*keepers.requests, *requests),
        facts=facts_of(document, facts),
        before=counts_of(steps),
        after="nothing runs",
        diff=tuple(line for o, s in steps for line in lines_of(o, s)),
        skips=stays,
        notes=(
            *_said_of(context),
            *(again if earlier else ()),
            *(
                (f"{autoscaled} of them have an HPA: at 0 it stands aside, and its bounds stay",)
                if autoscaled
                else ()
            ),
            *notes,
            *keepers.notes,
        ),
        choices=choices,
        posts=(
            DOWN.post(text="every size is 0", within=min(60.0, context.policy.follow)),
            EMPTY.post(text="no pod of theirs is left", within=context.policy.follow),
        ),
        freeze=FreezeRule.FROZEN,
        arguments=(
            ("remembers", canonical([[o.subject.kind, o.subject.name, s.memory or ""] for o, s in steps])),
        ),
    )


def _said_of(context: PlanContext) -> tuple[str, ...]:
    """What the rule of its hours says of it, with what that costs."""
    said = context.assessment.verdicts.get(bare(context.at), ())
    return tuple(v.sentence for v in said if v.rule == night.ID)


async def restore(context: PlanContext) -> Draft:
    """All that remembers what it was, as it was; whatever terminal wrote that, and however far it got."""
    at = context.at
    document = await context.document(at)
    objects, _ = await objects_in(context)
    facts = context.picture.store_state
    lost = lost_in(objects, facts)
    names = {s for o in objects for s in (o.scaler, scaler_of(lost.memory_of(o) or "")) if s}
    scalers, unread = await scalers_of(context, names)
    objects += scalers
    lost = lost_in(objects, facts)
    steps: list[tuple[One, SizeStep]] = []
    broken = list(lost.skips)
    for one in objects:
        had = lost.memory_of(one)
        if bare(one.subject) in lost.left:
            continue
        if (problem := unread.get(scaler_of(had or ""))) is not None:
            broken.append(
                f"{noun(one)} stays as it is: ScaledObject {scaler_of(had or '')}, which sized it, cannot be read: {problem.cause}"
            )
            continue
        try:
            step = up(one.document, one.subject.kind, one.autoscaled, had)
        except Broken as error:
            broken.append(f"{noun(one)} stays as it is: {MEMORY} is {error}")
            continue
        if step is not None and (step.field or remembered(one.document) is not None):
            steps.append((one, step))
    keepers = await put_back(context, managers_of_all(context, objects))
    broken += keepers.skips
    if not steps and not keepers.requests:
        why = broken[0] if broken else "nothing in it remembers a scale-down"
        raise PlanRefused(safe(why))
    requests: list[Request] = []
    for one, step in steps:
        requests += [request_of(one, step, f"{noun(one)}: {back_words(step)}")] if step.field else []
        requests += forgets(one, taken=bool(step.field))
    running = [o.subject.name for o, s in steps if not s.field and not scaler_of(lost.memory_of(o) or "")]
    return Draft(
        subject=context.found(document),
        effect=f"{at.name} comes back as it was: {counts_of([s for s in steps if s[1].field])}; the memory goes, and the fields are "
        "given back to who had them",
        requests=(*requests, *keepers.requests),
        facts=facts_of(document, (UID,)),
        before="scaled down",
        after=counts_of(steps),
        diff=tuple(line for o, s in steps for line in lines_of(o, s)),
        skips=tuple(map(safe, broken)),
        notes=(
            *lost.notes(context.zone),
            *otherwise_told([o for o, s in steps if s.field], facts),
            *keepers.notes,
            *((f"{listed(running)}: up already, and left as it is",) if running else ()),
        ),
        posts=(
            BACK.post(text="every size is what it was", within=min(60.0, context.policy.follow)),
            SERVES.post(text="all of it is available", within=context.policy.follow),
        )
        if any(step.field for _, step in steps)
        else (),  # all of it is up already: there is nothing to be seen
    )


async def keep_up(context: PlanContext) -> Draft:
    """``until`` and ``why``: nobody scales it down before."""
    at, hours = context.at, _hours(context)
    document = await context.document(at)
    until_given, why = (str(context.arguments.get(n) or "").strip() for n in ("until", "why"))
    missing = tuple(n for n, given in (("until", until_given), ("why", why)) if not given)
    if missing:
        raise PlanRefused(f"{missing[0]}: must be given", wanting=missing)
    try:
        until = asked(until_given, hours.up, context.now).at
    except ValueError as error:
        raise PlanRefused(f"until: {error}") from None
    if not context.now < until <= context.now + LONGEST:
        raise PlanRefused(f"until: {_clock(hours, until)} is not within the next {LONGEST / 86400:.0f} days")
    cluster = context.picture.clusters[at.cluster]
    by = cluster.info.value.user if cluster.info.value is not None else ""
    stamp = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    had = document.get("metadata", {}).get("annotations") or {}
    wanted = {**had, KEEP_UP_UNTIL: stamp, KEEP_UP_BY: by, KEEP_UP_WHY: why[:200]}
    changes = map_changes(document, ("metadata", "annotations"), wanted)
    if not changes:
        raise PlanRefused("exactly that is said already")
    before = kept_up(had, context.now)
    subject = context.found(document)
    request = conditional(
        path_of(at, document), document, (UID, *map(note_at, _KEPT)), changes, f"keep {at.name} up", subject
    )
    return Draft(
        subject=subject,
        effect=f"{at.name} stays up until {_clock(hours, until)}: {why}",
        requests=(request,),
        facts=facts_of(document, (UID, *map(note_at, _KEPT))),
        before=f"until {_clock(hours, before.until)}, {before.by}"
        if before is not None
        else "by its hours alone",
        after=f"until {_clock(hours, until)}",
        posts=(WRITTEN.post(text="the namespace says so", within=30),),
        arguments=(("until", stamp),),
    )


_KEPT = (KEEP_UP_UNTIL, KEEP_UP_BY, KEEP_UP_WHY)


def _hours(context: PlanContext) -> Hours:
    return context.policy.hours[context.at.cluster.environment]


def _clock(hours: Hours, at: float) -> str:
    return f"{datetime.fromtimestamp(at, hours.up.tz):%a %d %b %H:%M %Z}"


def _in_flight(context: PlanContext) -> set[Subject]:
    """What serves or carries a release that has not come to its end: at 0 nothing would judge it."""
    return {
        bare(subject)
        for release in context.assessment.releases.values()
        if release.in_flight
        for subject in (release.subject, release.workload, release.partner)
        if subject is not None
    }


# -- what is to be seen ---------------------------------------------------------------------------------------------


def _seen(facts: PostconditionFacts) -> list[tuple[Object | None, Request]]:
    """The objects of its requests as the board has them, but for ScaledObjects."""
    cluster = facts.picture.clusters[facts.plan.subject.cluster]
    kinds = {kind.KIND for kind in CHANGED}
    return [
        (cluster.objects(r.subject.kind).get(r.subject.key), r)
        for r in facts.plan.requests
        if r.subject is not None and r.subject.kind in kinds and r.dry_run
    ]


def _is_down(facts: PostconditionFacts, value: str) -> bool:
    return all(
        obj is None or (obj.suspended if isinstance(obj, CronJob) else getattr(obj, "desired", 0) == 0)
        for obj, _ in _seen(facts)
    )


def _is_empty(facts: PostconditionFacts, value: str) -> bool:
    return _is_down(facts, value) and not any(getattr(obj, "replicas", 0) for obj, _ in _seen(facts))


def _wanted(request: Request) -> dict[str, Any]:
    return {o["path"]: o.get("value") for o in operations_of(request) if o["op"] != "test"}


def _is_back(facts: PostconditionFacts, value: str) -> bool:
    for obj, request in _seen(facts):
        wanted = _wanted(request)
        if obj is None:
            return False
        if isinstance(obj, CronJob):
            if wanted.get("/spec/suspend") is False and obj.suspended:
                return False
        elif getattr(obj, "desired", 0) < int(wanted.get("/spec/replicas") or 0):
            return False
    return True


def _serves(facts: PostconditionFacts, value: str) -> bool:
    return _is_back(facts, value) and all(
        getattr(obj, "available", 0) >= getattr(obj, "desired", 0)
        for obj, _ in _seen(facts)
        if obj is not None and not isinstance(obj, CronJob)
    )


DOWN = Postcondition("scaled-down", _is_down, lasts=True)
EMPTY = Postcondition("empty", _is_empty)
BACK = Postcondition("brought-back", _is_back)
SERVES = Postcondition("serves", _serves)

_NAMESPACE = frozenset({"Namespace"})
ACTIONS: tuple[Action, ...] = (
    Action(
        id=SCALE_DOWN,
        title="namespace: scale down",
        key="s",
        kinds=_NAMESPACE,
        capability=Capability.STOPPABLE,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.FROZEN,
        by_hours=True,
        make=scale_down,
        posts=(DOWN, EMPTY),
        right=by_plan,
    ),
    Action(
        id=RESTORE,
        title="namespace: bring back",
        key="b",
        kinds=_NAMESPACE,
        risk=Risk.KEY,
        freeze=FreezeRule.EXEMPT,
        make=restore,
        posts=(BACK, SERVES),
        right=by_plan,
    ),
    Action(
        id="namespace.keep-up",
        title="namespace: keep up",
        kinds=_NAMESPACE,
        capability=Capability.STOPPABLE,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.EXEMPT,
        make=keep_up,
        posts=(WRITTEN,),
        arguments=("until", "why"),
        needed=("until", "why"),
    ),
)
