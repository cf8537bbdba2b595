"""What people say of dated promises, by the one gate and on the real store: recorded as whom, refused when, with whom as second."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from tests.unit.actions.things import NOW, REF
from tests.unit.store.conftest import Database
from tests.unit.store.helpers import Clock, opened
from tests.unit.store.test_action_service import Terminal, answered
from tests.unit.store.test_shared import end
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import PlanRefused
from tfdash.judging.maintenance import MaintenanceRunner
from tfdash.model.action import Result
from tfdash.model.maintenance import (
    EvidenceKind,
    ItemState,
    LiveReading,
    PeriodVerdict,
    PeriodWaiver,
    Sighting,
    item_subject,
)
from tfdash.model.picture import Change
from tfdash.playbook.maintenance.policy import MaintenanceRules, maintenance_in
from tfdash.playbook.policies import Policies
from tfdash.playbook.schedule.policy import default_calendar_policy
from tfdash.setting import read
from tfdash.store.opening import Opened

DAY, HOUR = 86_400.0, 3600.0
REVIEW, ELSEWHERE = item_subject("review", "production"), item_subject("drill")
ITEMS = {
    "review": {"when": "each month", "title": "Access review", "start": "2026-09-01"},
    "drill": {"when": "each quarter", "title": "Restore drill", "per": "platform"},
    "scan": {"when": "each month", "title": "Scan", "start": "2026-09-01", "evidence": "imported"},
}


class Desk(Terminal):
    """Says, too, how the promises stand by what the store knows."""

    def __init__(self, folder: Path, store: Opened | None = None) -> None:
        policy = ActionPolicy(follow=0.0, settle_margin=0.0, calendar=default_calendar_policy())
        super().__init__(folder, policy=policy, store=store)

    def see(self) -> None:
        super().see()
        state = self.board.picture.store_state
        read_once = msgspec.structs.replace(state.health, read=True)  # there is nothing in files here
        state = msgspec.structs.replace(state, health=read_once)
        self.board.picture = msgspec.structs.replace(self.board.picture, store_state=state)
        rules = read(MaintenanceRules, {"look_back": 24, "start": "", "items": ITEMS})
        policies = Policies(maintenance=maintenance_in("America/New_York", rules))
        runner = MaintenanceRunner(policies)
        runner.assess(
            self.board.picture, Change(keys={}, freshness=frozenset(), store=None), self.clock.now()
        )
        self.board.say(maintenance=runner.states)

    def item(self) -> ItemState:
        self.see()
        found = self.board.assessment.maintenance
        assert found is not None
        return found[REVIEW]

    def skewed(self, seconds: float) -> None:
        """The server's clock is so far ahead of ours."""
        picture = self.board.picture
        cluster = picture.clusters[REF]
        assert cluster.info.value is not None
        info = msgspec.structs.replace(
            cluster.info, value=msgspec.structs.replace(cluster.info.value, skew=seconds)
        )
        cluster = msgspec.structs.replace(cluster, info=info)
        self.board.picture = msgspec.structs.replace(picture, clusters={REF: cluster})

    def saw(self, *sightings: Sighting) -> None:
        """As if a live source had been read."""
        state = self.board.picture.store_state
        record = msgspec.structs.replace(state.maintenance, sightings={REVIEW: sightings})
        state = msgspec.structs.replace(state, maintenance=record)
        self.board.picture = msgspec.structs.replace(self.board.picture, store_state=state)


async def test_a_promise_offers_what_a_person_may_say_of_it(tmp_path: Path) -> None:
    at = Desk(tmp_path)
    at.see()
    offered = {o.action: o.key for o in at.service.offers(REVIEW._replace(uid="review"))}
    assert offered == {"maintenance.sign-off": "o", "maintenance.waive": ""}
    assert at.service.offers(item_subject("no such", "production", place="x")) == ()
    at.store.close()


async def test_of_another_environment_every_offer_says_what_its_plan_would(tmp_path: Path) -> None:
    at = Desk(tmp_path)
    at.see()
    there = item_subject("review", "staging")
    states = dict(at.board.assessment.maintenance or {})
    states[there] = msgspec.structs.replace(states[REVIEW], subject=there)
    at.board.say(maintenance=states)
    offers = at.service.offers(there)
    assert {o.action for o in offers} == {"maintenance.sign-off", "maintenance.waive"}
    for offer in offers:
        assert offer.refused.startswith("staging is only read here: no cluster of it says who you are")
        with pytest.raises(PlanRefused, match="staging is only read here"):
            await at.service.plan(offer.action, there, {})
    assert not any(o.refused for o in at.service.offers(REVIEW) if o.key)
    assert not any(
        o.refused for o in at.service.offers(ELSEWHERE) if o.key
    )  # of the platform: any cluster says it
    at.store.close()


async def test_a_sign_off_counts_as_whom_the_server_knows(tmp_path: Path) -> None:
    at = Desk(tmp_path)
    before = at.item()
    digest = hashlib.sha256(b"the minutes").hexdigest()
    given = {"done": "2026-11-20 09:00", "link": "https://wiki.example/review", "digest": digest}
    done = await at.execute(await at.plan("maintenance.sign-off", REVIEW, **given), reason="all looked at")
    assert done.result is Result.APPLIED, done.sentence
    last = at.item().last
    assert last is not None
    assert (last.by, last.evidence, last.note) == ("ada@corp", EvidenceKind.SIGNED, "all looked at")
    assert (last.link, last.digest, last.recorded_at) == (given["link"], digest, NOW)
    assert [p.verdict for p in before.periods] == [PeriodVerdict.MISSED] * 2 + [PeriodVerdict.OPEN]
    assert [p.verdict for p in at.item().periods] == [PeriodVerdict.MISSED] * 2 + [PeriodVerdict.KEPT]
    assert await at.kinds() == ["note"]
    assert at.sent == []
    at.store.close()


async def test_now_is_when_the_plan_was_made_however_long_its_reader_takes(tmp_path: Path) -> None:
    at = Desk(tmp_path)
    guarded = await at.plan("maintenance.sign-off", REVIEW)
    at.clock.at += 40.0
    at.item()
    done = await at.execute(guarded, reason="all looked at")
    assert done.result is Result.APPLIED, done.sentence
    last = at.item().last
    assert last is not None and (last.done_at, last.recorded_at) == (NOW, NOW + 40.0)
    at.store.close()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"done": "2026-12-31"}, "lies ahead"),
        ({"done": "2026-08-31"}, "account is kept from 2026-09-01 00:00 EDT"),
        ({"done": "Thursday"}, 'write "2026-11-26 10:30"'),
        ({"done": "1960-01-01"}, "lies outside of the years 1970 to 2999"),
        ({"done": "1970-01-01T00:00+14:00"}, "lies before 1970"),
        ({"digest": "abc"}, "sha256sum"),
    ],
)
async def test_what_cannot_be_signed_is_refused_in_a_sentence(
    tmp_path: Path, given: dict[str, str], why: str
) -> None:
    at = Desk(tmp_path)
    with pytest.raises(PlanRefused, match=why):
        await at.plan("maintenance.sign-off", REVIEW, **given)
    at.store.close()


async def test_what_asks_for_another_system_s_record_takes_no_word_and_is_taken_over(tmp_path: Path) -> None:
    at, scan = Desk(tmp_path), item_subject("scan", "production")
    at.see()
    with pytest.raises(PlanRefused, match="no word counts for it"):
        await at.plan("maintenance.sign-off", scan)
    done = await at.execute(
        await at.plan("maintenance.adopt", scan, done="2026-11-20"), reason="from scans.csv"
    )
    assert done.result is Result.APPLIED, done.sentence
    at.see()
    last = (at.board.assessment.maintenance or {})[scan].last
    assert last is not None and last.evidence is EvidenceKind.IMPORTED
    at.store.close()


async def test_an_item_that_is_not_there_cannot_be_signed(tmp_path: Path) -> None:
    at = Desk(tmp_path)
    with pytest.raises(PlanRefused):
        await at.plan("maintenance.sign-off", item_subject("nothing", "production"))
    at.store.close()


@pytest.mark.parametrize(
    ("seen", "refused"),
    [
        ([Sighting(NOW - DAY, NOW - 40 * DAY)], "says last done"),
        ([Sighting(NOW - DAY, None)], "says never done"),
        ([Sighting(NOW - 9 * DAY, None)], ""),  # it was read before: it cannot know
        ([Sighting(NOW - DAY, NOW - 5 * DAY)], ""),  # it shows the same
        ([], ""),  # nothing was read: UNKNOWN does not contradict
    ],
)
async def test_what_a_live_source_showed_stands_against_a_word(
    tmp_path: Path, seen: list[Sighting], refused: str
) -> None:
    at = Desk(tmp_path)
    at.see()
    at.saw(*seen)
    work = at.service.plan("maintenance.sign-off", REVIEW, {"done": "2026-11-20"})
    if refused:
        with pytest.raises(PlanRefused, match=refused):
            await work
    else:
        assert (await work).plan.effect.startswith("Access review counts as done")
    at.store.close()


@pytest.mark.parametrize("given", [{"done": "2026-11-20"}, {"done": "2026-11-20", "start": "2026-09-01"}])
async def test_what_a_live_source_showed_stands_against_a_list_too(
    tmp_path: Path, given: dict[str, str]
) -> None:
    """Else ``adopt`` would be a sign-off that nothing contradicts."""
    at = Desk(tmp_path)
    at.see()
    at.saw(Sighting(NOW - HOUR, NOW - 90 * DAY))
    with pytest.raises(PlanRefused, match="counts on nobody's word"):
        await at.service.plan("maintenance.adopt", REVIEW, given)
    at.store.close()


@pytest.mark.parametrize("skew", [58 * DAY, -400.0, 400.0])
@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("maintenance.sign-off", {}),
        ("maintenance.adopt", {"done": "2026-09-20"}),
        ("maintenance.waive", {"until": "2026-12-31"}),
    ],
)
async def test_whoever_sets_their_clock_says_nothing_of_times(
    tmp_path: Path, action: str, given: dict[str, str], skew: float
) -> None:
    """A month that was missed would be kept, by a word that was said in it by that clock alone."""
    at = Desk(tmp_path)
    for item in (REVIEW, ELSEWHERE):
        at.skewed(skew)
        with pytest.raises(PlanRefused, match="nothing is recorded of times until one of them is set right"):
            await at.plan(action, item, **given)
        at.skewed(2.0)
        assert (await at.plan(action, item, **given)).plan.effect
    at.skewed(2.0)
    guarded = await at.plan(action, REVIEW, **given)
    at.skewed(skew)  # between plan and Enter
    done = await at.execute(guarded, reason="did it")
    assert done.result is Result.REFUSED, done.sentence
    assert await at.kinds() in ([], ["refusal"])
    at.store.close()


async def test_what_a_live_source_shows_now_stands_against_a_word_too(tmp_path: Path) -> None:
    at = Desk(tmp_path)
    state = at.item()
    shown = LiveReading(done_at=NOW - 40 * DAY, seen=NOW - HOUR, by="cert-manager")
    for live, refused in ((shown, True), (msgspec.structs.replace(shown, problem="not read"), False)):
        at.board.say(maintenance={REVIEW: msgspec.structs.replace(state, live=live)})
        work = at.service.plan("maintenance.sign-off", REVIEW, {"done": "2026-11-20"})
        if refused:
            with pytest.raises(PlanRefused, match="a live source was read"):
                await work
        else:
            await work  # what is not known contradicts nothing
    at.store.close()


@pytest.mark.parametrize("item", [REVIEW, ELSEWHERE])
async def test_who_may_do_nothing_there_signs_nothing(tmp_path: Path, item: object) -> None:
    at = Desk(tmp_path)
    at.board.server.forbidden = True
    done = await at.execute(await at.plan("maintenance.sign-off", item), reason="done")
    assert done.result is Result.REFUSED and "patch deployments" in done.sentence
    assert at.store.state().maintenance.completions == {}
    at.store.close()


def desk(folder: Path, database: Database, role: str) -> Desk:
    store = opened(folder / role, Clock(NOW), url=database.url(role), terminal=role, deadline=5.0)
    return Desk(folder, store=store)


async def test_a_waiver_names_the_second_person_and_heals_no_month_before(
    tmp_path: Path, database: Database
) -> None:
    at, other = desk(tmp_path, database, "ann"), desk(tmp_path, database, "bob")
    at.store.health = msgspec.structs.replace(at.store.health, shared_configured=True)
    guarded = await at.plan("maintenance.waive", REVIEW, until="2026-12-31")
    at.clock.at += 40.0
    refused = await at.execute(guarded, reason="the auditor is ill")
    assert refused.result is Result.REFUSED and "second person" in refused.sentence
    asked = await at.service.request_approval(guarded, "the auditor is ill")
    await answered(other, asked.id, True)
    done = await at.execute(guarded, reason="the auditor is ill", approval=asked.id)
    assert done.result is Result.APPLIED, done.sentence
    (waiver,) = at.store.state().maintenance.waivers[REVIEW]
    assert waiver == PeriodWaiver(
        subject=REVIEW,
        since=waiver.since,
        until=1_798_779_600.0,  # the end of the last day of the year in New York
        who="ada@corp",
        why="the auditor is ill",
        second="bob",
        recorded_at=NOW,
    )
    assert [p.verdict for p in at.item().periods[:2]] == [PeriodVerdict.MISSED] * 2
    await end(at.opened, other.opened)


@pytest.mark.parametrize("until", ["2026-11-01", "2028-01-01", ""])
async def test_a_waiver_ends_ahead_and_within_a_year(tmp_path: Path, until: str) -> None:
    at = Desk(tmp_path)
    with pytest.raises(PlanRefused):
        await at.plan("maintenance.waive", REVIEW, until=until)
    at.store.close()
