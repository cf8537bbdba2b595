"""The edges of what counts, each by its name."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from datetime import time as hour
from typing import Any

import msgspec
import pytest

from tests.unit.playbook.maintenance.making import (
    AT,
    DAY,
    EVER,
    NEW_YORK,
    OPEN,
    PLAYBOOK,
    at,
    done,
    item,
    judged,
    kept_from,
    state,
    verdicts,
    waiver,
)
from tfdash.model.maintenance import AccountStart, RuleSaid, Sighting
from tfdash.playbook.maintenance.cadence import parse_cadence
from tfdash.playbook.maintenance.eras import terms_of
from tfdash.playbook.maintenance.facts import Facts
from tfdash.playbook.maintenance.history import judged_periods
from tfdash.playbook.maintenance.policy import MaintenanceItem

MONTHLY = item("each month")  # a week of grace
WEEKLY_AGE = item("within 7d", DAY)
JULY = (kept_from("2026-07-01"),)


@pytest.mark.parametrize(
    ("when", "july", "late"),
    [
        ("2026-07-01 00:00", "kept", 0.0),
        ("2026-07-31 23:59:59", "kept", 0.0),  # in the last second
        ("2026-08-01 00:00", "late", 0.0),  # on the deadline: its day is over
        ("2026-08-03 12:00", "late", 2.5 * DAY),
        ("2026-08-07 23:59:59", "late", 7 * DAY - 1),
        ("2026-08-08 00:00", "missed", 0.0),  # at closing
    ],
)
def test_what_a_month_says_of_work_at_its_edges(when: str, july: str, late: float) -> None:
    period = judged(MONTHLY, Facts(starts=JULY, completions=(done(when),)), "2026-08-20")["2026-07"]
    assert (period.verdict.value, period.late_by) == (july, late)


def test_before_the_deadline_it_is_open_and_in_its_grace_still() -> None:
    facts = Facts(starts=JULY)
    assert verdicts(MONTHLY, facts, "2026-07-31 23:59:59") == {"2026-07": "open"}
    assert verdicts(MONTHLY, facts, "2026-08-07 23:59:59") == {"2026-07": "open", "2026-08": "open"}
    assert verdicts(MONTHLY, facts, "2026-08-08") == {"2026-07": "missed", "2026-08": "open"}


def test_the_period_begins_with_its_first_instant() -> None:
    assert list(verdicts(MONTHLY, Facts(starts=JULY), "2026-08-01")) == ["2026-07", "2026-08"]


def test_a_review_today_heals_no_missed_month() -> None:
    facts = Facts(starts=JULY, completions=(done("2026-07-10"), done("2026-11-20")))
    assert verdicts(MONTHLY, facts, "2026-11-20 12:00") == {
        "2026-07": "kept",
        "2026-08": "missed",
        "2026-09": "missed",
        "2026-10": "missed",
        "2026-11": "kept",
    }


def test_one_completion_serves_one_period() -> None:
    """What made July late does not count for August again; a second one does."""
    once = Facts(starts=JULY, completions=(done("2026-08-03"),))
    assert verdicts(MONTHLY, once, "2026-09-20") == {
        "2026-07": "late",
        "2026-08": "missed",
        "2026-09": "open",
    }
    twice = Facts(starts=JULY, completions=(done("2026-08-03"), done("2026-08-04")))
    assert verdicts(MONTHLY, twice, "2026-09-20")["2026-08"] == "kept"


def test_of_two_sign_offs_the_first_done_decides_and_the_other_is_told_beside_it() -> None:
    early, again = done("2026-07-10", by="ann", terminal="a"), done("2026-07-12", by="ben", terminal="b")
    for told in ((early, again), (again, early)):
        period = judged(MONTHLY, Facts(starts=JULY, completions=told), "2026-07-20")["2026-07"]
        assert (period.completion, period.others) == (early, (again,))
    same = done("2026-07-10", by="cem", terminal="0")
    for told in ((early, same), (same, early)):  # at one time: the terminal's name
        period = judged(MONTHLY, Facts(starts=JULY, completions=told), "2026-07-20")["2026-07"]
        assert (period.completion, period.others) == (same, (early,))


def test_what_is_recorded_too_late_is_told_and_does_not_count() -> None:
    late = done("2026-07-20", recorded="2026-08-08")
    period = judged(MONTHLY, Facts(starts=JULY, completions=(late,)), "2026-08-20")["2026-07"]
    assert (period.verdict.value, period.completion, period.others) == ("missed", None, (late,))
    timely = done("2026-07-20", recorded="2026-08-07 23:59")
    assert verdicts(MONTHLY, Facts(starts=JULY, completions=(timely,)), "2026-08-20")["2026-07"] == "kept"


def test_a_list_of_last_times_keeps_no_period_that_closed_before_it_was_read() -> None:
    listed = done("2026-05-20", recorded="2026-11-10", evidence="imported")
    facts = Facts(starts=(kept_from("2026-11-01", "2026-11-10"),), completions=(listed,))
    assert verdicts(MONTHLY, facts, "2026-11-10 12:00") == {
        "2026-05": "not watched",
        **{f"2026-{month:02}": "not watched" for month in range(6, 11)},
        "2026-11": "open",
    }
    assert judged(MONTHLY, facts, "2026-11-10 12:00")["2026-05"].others == (listed,)


def test_nothing_is_missed_before_the_start_that_was_adopted() -> None:
    facts = Facts(starts=(kept_from("2026-07-15"),))
    assert verdicts(MONTHLY, facts, "2026-09-20") == {"2026-08": "missed", "2026-09": "open"}


def test_work_in_a_month_that_counts_is_not_used_up_by_one_that_does_not() -> None:
    facts = Facts(starts=(kept_from("2026-07-15"),), completions=(done("2026-08-03"),))
    assert verdicts(MONTHLY, facts, "2026-09-20")["2026-08"] == "kept"


def test_a_start_adopted_later_takes_no_missed_month_away() -> None:
    facts = Facts(starts=(*JULY, kept_from("2026-11-01", "2026-10-20")))
    found = verdicts(MONTHLY, facts, "2026-11-20")
    assert found == {
        "2026-07": "missed",
        "2026-08": "missed",
        "2026-09": "missed",
        "2026-10": "not watched",
        "2026-11": "open",
    }


def test_a_start_in_the_past_is_of_what_had_not_closed_when_it_was_said() -> None:
    facts = Facts(starts=(kept_from("2026-01-01", "2026-10-03"),))
    assert verdicts(MONTHLY, facts, "2026-11-20") == {
        "2026-09": "missed",
        "2026-10": "missed",
        "2026-11": "open",
    }


def test_without_a_start_account_is_kept_from_the_first_evidence_on_record() -> None:
    facts = Facts(completions=(done("2026-06-20", recorded="2026-07-20"),))
    assert verdicts(MONTHLY, facts, "2026-09-20") == {
        "2026-06": "not watched",
        "2026-07": "not watched",
        "2026-08": "missed",
        "2026-09": "open",
    }


# -- waivers ------------------------------------------------------------------------------------------------------


def test_a_waiver_covers_the_deadline_that_lies_in_it() -> None:
    facts = Facts(starts=JULY, waivers=(waiver("2026-07-20", "2026-08-10"),))
    found = judged(MONTHLY, facts, "2026-09-20")
    assert [(p.label, p.verdict.value) for p in found.values()][:2] == [
        ("2026-07", "waived"),
        ("2026-08", "missed"),
    ]
    assert found["2026-07"].waiver is not None


def test_a_waiver_that_was_said_after_the_period_closed_comes_too_late() -> None:
    facts = Facts(starts=JULY, waivers=(waiver("2026-07-20", "2026-08-10", recorded="2026-08-08"),))
    assert verdicts(MONTHLY, facts, "2026-09-20")["2026-07"] == "missed"


def test_work_after_a_waived_month_is_the_next_month_s() -> None:
    facts = Facts(
        starts=JULY, waivers=(waiver("2026-07-20", "2026-08-10"),), completions=(done("2026-08-03"),)
    )
    assert verdicts(MONTHLY, facts, "2026-09-20") == {
        "2026-07": "waived",
        "2026-08": "kept",
        "2026-09": "open",
    }


def test_what_was_done_is_kept_though_it_was_waived() -> None:
    facts = Facts(
        starts=JULY, waivers=(waiver("2026-07-20", "2026-08-10"),), completions=(done("2026-07-03"),)
    )
    period = judged(MONTHLY, facts, "2026-08-20")["2026-07"]
    assert (period.verdict.value, period.waiver) == ("kept", None)


# -- live sources ---------------------------------------------------------------------------------------------------


def test_a_live_source_that_is_silent_proves_it_missed_and_one_that_is_unread_does_not() -> None:
    silent = Sighting(at("2026-08-07 12:00"), at("2026-06-10"))
    assert verdicts(MONTHLY, Facts(starts=JULY, sightings=(silent,)), "2026-09-20")["2026-07"] == "missed"
    unread = Sighting(at("2026-08-03 12:00"), at("2026-06-10"))
    assert (
        verdicts(MONTHLY, Facts(starts=JULY, sightings=(unread,)), "2026-09-20")["2026-07"] == "not watched"
    )
    never = Sighting(at("2026-08-07 12:00"), None)
    assert verdicts(MONTHLY, Facts(starts=JULY, sightings=(never,)), "2026-09-20")["2026-07"] == "missed"


def test_the_newest_that_a_source_says_of_a_period_counts() -> None:
    looks = (
        Sighting(at("2026-08-07 10:00"), at("2026-06-10")),
        Sighting(at("2026-08-07 12:00"), at("2026-08-07 11:00")),
    )
    assert verdicts(MONTHLY, Facts(starts=JULY, sightings=looks), "2026-09-20")["2026-07"] == "not watched"


def test_a_source_that_is_silent_since_it_was_done_late_proves_the_next_month_missed() -> None:
    late = done("2026-08-03", evidence="live")
    looks = (Sighting(at("2026-09-07 12:00"), late.done_at),)
    facts = Facts(starts=JULY, completions=(late,), sightings=looks)
    found = verdicts(MONTHLY, facts, "2026-09-20")
    assert (found["2026-07"], found["2026-08"]) == ("late", "missed")


def test_a_source_says_later_that_what_nobody_watched_was_kept_and_of_nothing_else() -> None:
    shown = done("2026-07-20", recorded="2026-10-01", evidence="live")
    unread = Facts(
        starts=JULY, sightings=(Sighting(at("2026-07-02"), at("2026-06-10")),), completions=(shown,)
    )
    assert verdicts(MONTHLY, unread, "2026-10-20")["2026-07"] == "kept"
    nobody_looked = Facts(starts=JULY, completions=(shown,))  # there was no source: it was to be signed
    assert verdicts(MONTHLY, nobody_looked, "2026-10-20")["2026-07"] == "missed"


def test_what_a_source_is_said_to_have_shown_counts_from_when_that_was_recorded() -> None:
    afterwards = Sighting(at("2026-08-07 12:00"), None, recorded_at=at("2026-10-01"))
    before = Sighting(at("2026-07-02"), None)
    facts = Facts(starts=JULY, sightings=(before, afterwards))
    assert verdicts(MONTHLY, facts, "2026-10-20")["2026-07"] == "not watched"


# -- never older than -----------------------------------------------------------------------------------------------


def test_never_older_than_goes_over_the_ends_of_months() -> None:
    days = ("2026-07-06", "2026-07-13", "2026-07-20", "2026-07-27", "2026-08-03", "2026-08-10")
    facts = Facts(starts=JULY, completions=tuple(done(f"{day} 09:00") for day in days))
    assert verdicts(WEEKLY_AGE, facts, "2026-08-16") == {"2026-07": "kept", "2026-08": "open"}
    without = Facts(starts=JULY, completions=tuple(done(f"{day} 09:00") for day in days if day != days[3]))
    found = judged(WEEKLY_AGE, without, "2026-08-16")
    assert {label: period.verdict.value for label, period in found.items()} == {
        "2026-07": "missed",  # from the 27th on; the lapse touches both
        "2026-08": "missed",
    }


def test_a_short_lapse_is_late_in_the_month_that_it_began_in() -> None:
    facts = Facts(starts=JULY, completions=(done("2026-07-08"), done("2026-07-15 06:00"), done("2026-07-22")))
    july = judged(WEEKLY_AGE, facts, "2026-07-28")["2026-07"]
    assert (july.verdict.value, july.late_by) == ("late", 6 * 3600.0)


def test_a_lapse_is_missed_when_its_grace_is_over() -> None:
    facts = Facts(starts=JULY, completions=(done("2026-07-08"),))
    assert verdicts(WEEKLY_AGE, facts, "2026-07-15 23:59")["2026-07"] == "open"
    assert verdicts(WEEKLY_AGE, facts, "2026-07-16")["2026-07"] == "missed"


def test_what_is_signed_after_the_grace_ends_a_lapse_and_does_not_undo_it() -> None:
    facts = Facts(
        starts=JULY, completions=(done("2026-07-08"), done("2026-07-14", recorded="2026-07-16 12:00"))
    )
    assert verdicts(WEEKLY_AGE, facts, "2026-07-17")["2026-07"] == "missed"
    timely = Facts(
        starts=JULY, completions=(done("2026-07-08"), done("2026-07-14", recorded="2026-07-15 12:00"))
    )
    assert verdicts(WEEKLY_AGE, timely, "2026-07-17")["2026-07"] == "open"


def test_an_age_that_falls_due_in_the_blackout_waits_where_it_may() -> None:
    facts = Facts(starts=JULY, completions=tuple(done(f"2026-07-{n}") for n in ("08", "15", "22")))
    moved = item("within 7d", DAY, "after")
    assert verdicts(moved, facts, "2026-08-03 12:00", PLAYBOOK)["2026-07"] == "kept"  # due on the 4th
    assert verdicts(WEEKLY_AGE, facts, "2026-08-03 12:00", PLAYBOOK)["2026-07"] == "missed"


# -- after an event ---------------------------------------------------------------------------------------------------


def test_one_rotation_is_after_every_use_before_it() -> None:
    promise = item("after break-glass within 24h", DAY)
    facts = Facts(
        completions=(done("2026-07-10 12:00"),),
        events=(at("2026-07-10 10:00"), at("2026-07-10 11:00"), at("2026-07-20 10:00")),
    )
    found = judged_periods(promise, NEW_YORK, OPEN, facts, at("2026-07-21"))
    assert [p.verdict.value for p in found] == ["kept", "kept", "open"]
    assert [p.verdict.value for p in judged_periods(promise, NEW_YORK, OPEN, facts, at("2026-07-22 10:00"))][
        -1
    ] == "missed"


# -- clocks, order, length ------------------------------------------------------------------------------------------------


def test_a_clock_that_goes_back_forgets_what_lies_ahead_and_nothing_else() -> None:
    facts = Facts(starts=JULY, completions=(done("2026-07-10"), done("2026-08-10")))
    assert verdicts(MONTHLY, facts, "2026-07-20") == {"2026-07": "kept"}
    signed_ahead = Facts(
        starts=JULY, completions=(done("2026-07-08"), done("2026-07-14", recorded="2026-07-19"))
    )
    assert verdicts(WEEKLY_AGE, signed_ahead, "2026-07-15 12:00")["2026-07"] == "open"  # not: late


def test_the_order_in_which_facts_came_says_nothing() -> None:
    random.seed(12)
    completions = tuple(done(f"2026-{1 + n % 9:02}-1{n % 3}", by=f"p{n}", terminal=f"t{n}") for n in range(18))  # fmt: skip
    waivers = tuple(
        waiver("2026-09-20", "2026-11-10", who=who, recorded="2026-09-20") for who in ("a", "b", "c")
    )
    found = set()
    for _ in range(10):
        mixed = random.sample(completions, 18), random.sample(waivers, 3)
        facts = Facts(starts=(EVER,), completions=tuple(mixed[0]), waivers=tuple(mixed[1]))
        found.add(judged_periods(MONTHLY, NEW_YORK, OPEN, facts, at("2026-11-20"))[-12:])
    assert len(found) == 1


def test_ten_years_of_days_are_judged_in_one_pass() -> None:
    """Counted, not timed by a bound that a busy machine breaks: the second five years cost what the first did."""
    begin = at("2026-01-01")
    daily = item("each day", 12 * 3600.0)

    def cost(years: int) -> float:
        facts = Facts(begin, tuple(done(begin + n * DAY + 3600) for n in range(365 * years)))
        started = time.process_time()
        found = judged_periods(daily, NEW_YORK, OPEN, facts, begin + 365 * years * DAY)
        assert {p.verdict.value for p in found[:-2]} == {"kept"}
        return time.process_time() - started

    assert cost(10) < 12 * cost(2) + 1.0


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=DAILY;UNTIL=20200101",
    ],
)
def test_a_rule_without_any_day_is_refused(rule: str) -> None:
    """It would be looked for until the year 9999."""
    with pytest.raises(ValueError, match="no day"):
        parse_cadence(f"on {rule}")


def test_the_leap_day_that_is_a_monday_is_a_day_that_there_is() -> None:
    parse_cadence("on FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO")
    assert AT.kind == "MaintenanceItem"


@pytest.mark.parametrize(
    ("last", "due"),
    [
        ("2026-11-27", "2026-12-04"),  # its own age counts, and not the day on which account began
        ("2026-11-20", "2026-11-30"),  # too old already: from the begin on
        ("2026-01-10", "2026-11-30"),
    ],
)
@pytest.mark.parametrize("start", ["2026-11-30", ""])
def test_what_was_taken_over_is_due_by_when_it_was_done(last: str, due: str, start: str) -> None:
    listed = done(last, recorded="2026-11-30", evidence="imported")
    facts = Facts(starts=(kept_from(start),) if start else (), completions=(listed,))
    assert state(WEEKLY_AGE, facts, "2026-11-30 12:00").due == at(due)


def test_what_was_done_before_and_is_told_later_is_due_from_then_on() -> None:
    """It makes nothing overdue before somebody said it."""
    begun = Facts(starts=JULY)
    for recorded, overdue in (("2026-07-03", "2026-07-03"), ("2026-07-20", "2026-07-08")):
        listed = done("2026-05-01", recorded=recorded, evidence="imported")
        found = state(WEEKLY_AGE, begun._replace(completions=(listed,)), f"{recorded} 12:00")
        assert found.since == at(overdue)


@pytest.mark.parametrize(
    ("promise", "starts"),
    [
        (item("each month", 27 * DAY), JULY),  # its grace runs still
        (item("each quarter", 14 * DAY), JULY),
        (item("within 365d", DAY), JULY),
        (replace(item("on FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=10"), at=hour(2)), JULY),
        (MONTHLY, ()),  # account is kept from later on, by the settings
    ],
)
def test_another_rule_heals_no_month_that_was_missed(
    promise: MaintenanceItem, starts: tuple[AccountStart, ...]
) -> None:
    by = RuleSaid(terms_of(MONTHLY, NEW_YORK.key, at("2026-07-01")), at("2026-07-10"))
    facts = Facts(at("2026-11-01"), (done("2026-07-10"),), starts=starts, rules=(by,))
    found = verdicts(promise, facts, "2026-11-20")
    assert {month: found[month] for month in ("2026-07", "2026-08", "2026-09", "2026-10")} == {
        "2026-07": "kept",
        **dict.fromkeys(("2026-08", "2026-09", "2026-10"), "missed"),
    }


def test_a_longer_grace_takes_no_work_of_this_month_for_the_one_before() -> None:
    by = RuleSaid(terms_of(MONTHLY, NEW_YORK.key, None), at("2026-07-10"))
    facts = Facts(completions=(done("2026-07-10"), done("2026-09-20")), starts=JULY, rules=(by,))
    found = verdicts(item("each month", 27 * DAY), facts, "2026-09-24")
    assert found == {"2026-07": "kept", "2026-08": "missed", "2026-09": "kept"}


def test_work_that_kept_a_period_by_the_rule_before_keeps_none_by_the_next() -> None:
    """October is kept late by the work of November's first days; by the rule that came after it November has none."""
    by = RuleSaid(terms_of(MONTHLY, NEW_YORK.key, None), at("2026-07-10"))
    another = RuleSaid(terms_of(item("each month", 10 * DAY), NEW_YORK.key, None), at("2026-11-20"))
    work = [done(f"2026-{month:02}-10") for month in (7, 8, 9)]
    facts = Facts(completions=(*work, done("2026-11-03")), starts=JULY, rules=(by, another))
    found = verdicts(item("each month", 10 * DAY), facts, "2026-12-15")
    assert (found["2026-10"], found["2026-11"]) == ("late", "missed")


@pytest.mark.parametrize(
    "odd",
    [
        {"when": "each fortnight"},
        {"zone": "Mars/Olympus"},  # as the tables of zones of another terminal may have it
        {"zone": "../etc"},
        {"blackout": "sometimes"},
        {"when": "within 7d", "grace": 1e18},
        {"grace": -1e9},
    ],
)
def test_a_rule_that_cannot_be_read_here_is_taken_as_the_one_that_is(odd: dict[str, Any]) -> None:
    """A later version of the program wrote it, or who knows who: it takes nothing else of what is on record with it."""
    terms = msgspec.structs.replace(terms_of(MONTHLY, NEW_YORK.key, None), **odd)
    facts = Facts(completions=(done("2026-07-10"),), starts=JULY, rules=(RuleSaid(terms, at("2026-07-10")),))
    found = verdicts(MONTHLY, facts, "2026-08-20")
    assert found["2026-07"] == "kept"


@pytest.mark.parametrize(
    "other",
    [
        (item("each month", 27 * DAY), "2026-07-01"),
        (item("each year", DAY), "2026-07-01"),
        (item("within 365d", 3600.0), "2026-07-01"),
        (MONTHLY, "2026-11-29"),
    ],
)
@pytest.mark.parametrize(
    "when",
    [
        ("2026-07-10", "2026-11-29", ""),  # it is still the last on record
        ("2026-07-10", "2026-11-29", "2026-12-10"),
        ("2026-07-10", "2026-10-31", "2026-11-02"),
        ("", "2026-12-19", ""),  # nothing else ever was
    ],
)
def test_a_rule_of_another_terminal_takes_no_missed_month_out(
    other: tuple[MaintenanceItem, str], when: tuple[str, str, str]
) -> None:
    ours = terms_of(MONTHLY, NEW_YORK.key, at("2026-07-01"))
    theirs = terms_of(other[0], NEW_YORK.key, at(other[1]))
    said = zip((ours, theirs, ours), when, strict=True)
    rules = tuple(RuleSaid(terms, at(day)) for terms, day in said if day)
    facts = Facts(at("2026-07-01"), (done("2026-07-10"),), rules=rules)
    found = verdicts(MONTHLY, facts, "2026-12-20")
    months = {f"2026-{month:02}": "missed" for month in range(8, 12)}
    assert {label: found.get(label) for label in months} == months
    assert list(found)[-1] == "2026-12"
