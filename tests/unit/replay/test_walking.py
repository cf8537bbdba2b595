"""What a walk along a recording finds, and what a judge that begins in its midst knows: the lines that no screen would miss."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tests.replaying import InMemory
from tests.tui import world
from tests.tui.recorded import INFO, REF
from tfdash.board.fold import Entered, Fold
from tfdash.judging.judge import Judge
from tfdash.model.judgement import Breach
from tfdash.model.kube import Object
from tfdash.model.observation import Observation
from tfdash.model.picture import Change, ClusterPicture, Picture
from tfdash.model.subject import Key, Subject
from tfdash.model.verdict import Level
from tfdash.replay.judging import OwnTime, ReplayJudge
from tfdash.replay.walk import Walk

NOW = world.NOW
NOTHING = Change(keys={}, freshness=frozenset())
AUTH = Subject(REF, "Deployment", world.NS, "auth")
STALE = 300.0


def kinds(at: float) -> dict[str, Observation[Mapping[Key, Object]]]:
    return {
        kind: Observation(
            value={Key(o.namespace, o.name): o for o in objects},
            source="eu-1",
            observed_at=at,
            complete=True,
        )
        for kind, objects in world.objects().items()
    }


def picture(at: float = NOW, number: int = 1, version: str = INFO.version) -> Picture:
    info = Observation(value=msgspec.structs.replace(INFO, version=version), source="eu-1", observed_at=at)
    return Picture(at=at, number=number, clusters={REF: ClusterPicture(ref=REF, info=info, kinds=kinds(at))})


def silent() -> InMemory:
    """An hour in which nothing is heard until its end, where all is read again."""
    again = [
        Entered(NOW + 3600, "put_objects", (REF, kind, seen, None))
        for kind, seen in kinds(NOW + 3600).items()
    ]
    return InMemory(picture(), NOW, NOW + 3600, again)


def test_what_time_alone_makes_another_is_found_when_it_is_due() -> None:
    walk = Walk(lambda: Judge(stale_after=STALE), silent())
    walk.run(rest=0.0)
    aged = [c for c in walk.changes if c.after is Level.UNKNOWN]
    assert aged and all(NOW + STALE <= c.at < NOW + 3600 for c in aged)


def test_what_was_changed_is_known_with_its_time() -> None:
    auth = next(o for o in world.objects()["Deployment"] if o.name == "auth")
    seen = kinds(NOW + 60)["Deployment"]
    assert seen.value is not None
    key = Key(auth.namespace, auth.name)
    gone = msgspec.structs.replace(seen, value={k: o for k, o in seen.value.items() if k != key})
    entered = [Entered(NOW + 60, "put_objects", (REF, "Deployment", gone, frozenset({key})))]
    walk = Walk(Judge, InMemory(picture(), NOW, NOW + 120, entered))
    walk.run(rest=0.0)
    assert [(one.at, one.subject) for one in walk.seen.seen_changes] == [(NOW + 60, AUTH)]


def test_what_is_due_behind_the_last_put_is_found_too() -> None:
    """A recording ends with silence, too: an API server that is gone."""
    walk = Walk(lambda: Judge(stale_after=STALE), InMemory(picture(), NOW, NOW + 3600, []))
    walk.run(rest=0.0)
    assert [c for c in walk.changes if c.after is Level.UNKNOWN and c.at < NOW + 3600]


def test_what_is_so_at_its_beginning_is_no_change() -> None:
    seen = kinds(NOW + 60)["Deployment"]
    walk = Walk(
        Judge,
        InMemory(
            picture(), NOW, NOW + 120, [Entered(NOW + 60, "put_objects", (REF, "Deployment", seen, None))]
        ),
    )
    walk.run(rest=0.0)
    assert walk.seen.seen_changes == ()


def test_each_second_with_a_put_lets_time_be_looked_at_some_more() -> None:
    """Else a recording of days would be judged at its puts alone."""
    again = [
        Entered(NOW + hour * 3600, "put_objects", (REF, kind, seen, None))
        for hour in (1, 2, 3)
        for kind, seen in kinds(NOW + hour * 3600).items()
    ]
    walk = Walk(lambda: Judge(stale_after=STALE), InMemory(picture(), NOW, NOW + 4 * 3600, again), looks=0)
    between = {int((at - NOW) // 3600) for at in walk.steps() if (at - NOW) % 3600}
    assert between == {1, 2, 3}


def test_beyond_where_it_walked_nothing_is_known_yet() -> None:
    walk = Walk(lambda: Judge(stale_after=STALE), silent())
    assert walk.remembered(NOW + 1) is None
    walk.to(NOW + 600)
    assert walk.remembered(NOW + 600) is not None and walk.remembered(NOW + 600.5) is None
    assert walk.remembered(NOW - 1) is None


def test_crossings_of_its_own_time_are_found_anew_and_those_of_before_stand() -> None:
    before, within = (Breach(trigger="errors", uid="u", version="v", at=NOW + at) for at in (-1.0, 0.0))
    state = picture().store_state
    held = msgspec.structs.replace(state, breaches={AUTH: (before, within)})
    alone = msgspec.structs.replace(state, breaches={AUTH: (within,)})
    own = OwnTime(NOW)
    for given, left in ((held, {AUTH: (before,)}), (alone, {}), (state, dict(state.breaches))):
        assert own(msgspec.structs.replace(picture(), store_state=given)).store_state.breaches == left


def test_a_judge_that_begins_in_its_midst_knows_what_one_that_watched_knows() -> None:
    """The clusters ran another version before, which no later picture tells."""
    earlier, later = picture(version="v1.36.0"), picture(NOW + 60, 2)
    watched = Judge()
    fold = Fold(earlier)
    fold.show(earlier)
    watched.assess(earlier, fold.take(), NOW)
    known = watched.remembered
    fold.show(later)
    all_new = fold.take()
    watched.assess(later, all_new, NOW + 60)
    for restarted, alike in ((known, True), (None, False)):
        judge = ReplayJudge(Judge, silent())
        judge.restart(restarted)
        judge.assess(later, all_new, NOW + 60)
        assert judge._judge is not None
        assert (judge._judge.remembered == watched.remembered) is alike
