"""What reports say of a scripted week, held against what a reader of the raw entries would count."""

from __future__ import annotations

import json
from importlib.resources import files
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.unit.report.reports.past import DAY, HOUR, REF, SHOP, T0, ZONE, Log, facts, replica_set
from tests.unit.report.test_report import check
from tests.unit.store.journal.journals import span, view, word
from tests.unit.views.making import HOSTILE, cluster, picture
from tfdash.cli.parser import build, subcommands
from tfdash.cli.report_options import KINDS
from tfdash.judging.judge import judge_all
from tfdash.model.assessment import Assessment
from tfdash.model.maintenance import item_subject
from tfdash.model.observation import ListProgress, Observation
from tfdash.model.picture import ClusterPicture, Picture, SourceInfo
from tfdash.model.store_state import EntryKind
from tfdash.model.subject import Subject
from tfdash.model.usage import HISTORY_SOURCE, UsageHistory
from tfdash.model.verdict import Level, Verdict
from tfdash.playbook.registry import RULES
from tfdash.playbook.rule import Rule
from tfdash.report.reports.actions import NO_OUTCOME, acted
from tfdash.report.reports.contents import REPORTS
from tfdash.report.reports.document import code_of, document, for_templates, parts_of
from tfdash.report.reports.findings import OpenFinding, compared, known_now
from tfdash.report.reports.instants import instant_of, parsed
from tfdash.report.reports.made import AHEAD, ReportData
from tfdash.report.reports.parts import PartCell, begun
from tfdash.report.reports.releases import ReleaseOutcome, shared
from tfdash.report.schemas import schema
from tfdash.report.shown import SentencesPart, TablePart
from tfdash.report.templates import Templates
from tfdash.store.journal.times import verdict_times
from tfdash.store.journal.view import Cover, Ended, JournalWord

NOBODY = view([], T0, T0 + 7 * DAY)


def week() -> tuple[Log, list[Any]]:
    """b is verified; c crosses a limit and is rolled back to b; of d only the log knows, and it crossed one; e is replaced by f, which a
    person verified."""
    log = Log()
    log.verifies(T0 - 9 * DAY, "a")
    log.verifies(T0 + 2 * HOUR, "b")
    log.crosses(T0 + DAY + 600, "c")
    log.add(EntryKind.APPROVAL, T0 + DAY + 800, "bob", None, data={"id": "ap-1", "digest": "x"})
    log.acts(T0 + DAY + 900, "workload.rollback", "i-1", approval="ap-1", reason="errors")
    log.crosses(T0 + 2 * DAY, "d")
    log.acts(T0 + 2 * DAY + 60, "workload.scale", "i-2", result=None, seen=None)
    log.verifies(T0 + 5 * DAY, "f", "carol")
    log.add(
        EntryKind.REFUSAL, T0 + 5 * DAY, "dan", action="rollout.promote", sentence="the calendar is closed"
    )
    sets = [
        replica_set("a", T0 - 10 * DAY, 1),
        replica_set("b", T0 + HOUR, 4),  # numbered anew by the rollback to it
        replica_set("c", T0 + DAY, 3),
        replica_set("e", T0 + 3 * DAY, 5),
        replica_set("f", T0 + 4 * DAY, 6),
    ]
    return log, sets


def made(report: str, **over: Any) -> ReportData:
    log, sets = week()
    return ReportData(facts(report, **{"entries": log.entries, "sets": sets, "journal": NOBODY, **over}))


def test_what_became_of_each_release() -> None:
    found = made("weekly").releases
    assert [(r.version, r.outcome.value, r.exactly) for r in found] == [
        ("b", "verified", True),
        ("c", "rolled back", True),
        ("d", "breached", False),
        ("e", "replaced", True),
        ("f", "verified", True),
    ]
    c, f = found[1], found[4]
    assert c.back is not None and (c.back.actor, c.back.approved_by, c.back.reason) == (
        "ann",
        "bob",
        "errors",
    )
    assert c.to_roll_back == 360.0, "crossed after 600 seconds, rolled back after 900, seen to be so 60 later"
    assert f.verified_by == "carol"
    share = shared(found)
    assert (share.failed, share.over, share.not_known, share.share) == (2, 4, 1, 0.5)


@pytest.mark.parametrize("days", range(1, 8))
def test_releases_of_days_are_those_of_the_week(days: int) -> None:
    """Each is told in one of the reports that follow each other."""
    edges = [T0, T0 + days * DAY - 7, T0 + 7 * DAY]
    parts = [
        [r.version for r in made("daily", since=a, until=b).releases] for a, b in pairwise(edges) if b > a
    ]
    assert [version for part in parts for version in part] == list("bcdef")


def test_lead_time_is_from_commit_to_verified() -> None:
    found = made("weekly", committed={(SHOP, "b"): T0 - HOUR}, commit_named=True).releases
    assert [(r.version, r.lead) for r in found if r.lead is not None] == [("b", 3 * HOUR)]


def test_each_action_with_who_approved_it_and_what_came_of_it() -> None:
    log, _ = week()
    found = acted(log.entries, T0, T0 + 7 * DAY)
    assert [(a.action, a.actor, a.approved_by, a.result, a.verified) for a in found] == [
        ("workload.rollback", "ann", "bob", "applied", True),
        ("workload.scale", "ann", "", NO_OUTCOME, None),
        ("rollout.promote", "dan", "", "refused", None),
    ]
    assert acted(log.entries, T0 + 3 * DAY, T0 + 4 * DAY) == ()


def test_a_decision_is_an_action_and_what_the_program_notes_is_none() -> None:
    log = Log()
    log.crosses(T0, "c")
    log.add(EntryKind.NOTE, T0 + 1, "ann", data={"topic": "manual", "value": "roll back: it burns"})
    log.add(EntryKind.HEARTBEAT, T0 + 2, "tfdash")
    assert [(a.actor, a.result) for a in acted(log.entries, T0, T0 + DAY)] == [("ann", "recorded")]


# -- new, ended, open -----------------------------------------------------------------------------------------------


def finding(name: str, level: Level = Level.WARN) -> OpenFinding:
    return OpenFinding(level, "workload", Subject(REF, "Deployment", "shop", name), f"{name} says so")


WATCHED = view(
    [
        span(
            0,
            100,
            word(0, "old", Level.WARN, first=True),
            word(20, "fresh", Level.BREACH),
            word(30, "gone", Level.BREACH),
            word(30, "passed", Level.WARN),
            word(50, "gone", None),
            word(60, "passed", None),
        ),
    ],
    10,
    100,
)


def names(found: Any) -> list[str]:
    return [(f.finding if hasattr(f, "finding") else f).subject.name for f in found]


def test_with_a_report_before_it_is_by_that_what_is_new() -> None:
    now, before = (finding("old"), finding("fresh", Level.BREACH)), (finding("old"), finding("gone"))
    told = compared(now, before, verdict_times(WATCHED), 10, 100)
    assert (names(told.new), names(told.open), names(told.ended), names(told.passed)) == (
        ["fresh"],
        ["old"],
        ["gone"],
        ["passed"],
    )
    assert told.new[0].since == 20, "as a terminal saw it begin"
    (gone,), (passed,) = told.ended, told.passed
    assert (gone.at, gone.lasted, passed.at, passed.lasted) == (50, 20, 60, 30)


def test_what_began_before_the_report_is_told_since_when_by_all_that_is_kept() -> None:
    """A breach of three weeks had no "since" in a weekly report, and was no matter for the meeting's decision."""
    kept = [span(0, 30 * DAY, word(0, "first", Level.WARN, first=True), word(5 * DAY, "old", Level.BREACH))]
    since, until = 23 * DAY, 30 * DAY
    now = (finding("first"), finding("old", Level.BREACH))
    of_the_week = verdict_times(view(kept, since, until))
    told = compared(now, now, of_the_week, since, until, earlier=lambda: verdict_times(view(kept, 0, until)))
    assert [(f.subject.name, f.since, f.by) for f in told.open] == [
        ("old", 5 * DAY, None),
        ("first", None, 0),  # it was so when somebody began to look
    ]
    unread = made("weekly", journal=view(kept, since, until), since=since, until=until, now_known=False)
    wide = unread.facts._replace(kept=lambda: view(kept, 0, until))
    for facts_of, open_ in (
        (unread.facts, ("before", "before")),
        (wide, ("1970-01-05", "before 1969-12-31")),
    ):
        parts = {part.id: part for part in parts_of(ReportData(facts_of))}
        rows = {row.values[1]: row for part in parts.values() if part.id == "open" for row in part.rows}
        assert [
            row.cells[4].startswith(begins) for row, begins in zip(rows.values(), open_, strict=True)
        ] == [True, True]
        for row in rows.values():  # programs get the same, by other names
            told = dict(zip([field.id for field in parts["open"].fields], row.values, strict=True))
            assert (told["since"] is None) is row.cells[4].startswith("before")
            assert (told["lasts_seconds"] is None) is (told["lasts_over_seconds"] is not None)
        decided = " ".join(said.text for said in parts["decide"].said)
        assert "2 findings open for over a day" in decided, decided


def test_a_beginning_that_was_not_seen_is_by_one_way_in_each_part() -> None:
    """A report of a release gave the time before which it was as if it were exact, the others none at all."""
    assert begun(86_400.0, ZoneInfo("UTC"), exactly=False) == (
        PartCell("before 1970-01-02 00:00 UTC", None),
        PartCell("1970-01-02 00:00 UTC", "1970-01-02T00:00:00Z"),
    )
    assert begun(86_400.0, ZoneInfo("UTC"), exactly=True)[0].value == "1970-01-02T00:00:00Z"
    assert begun(86_400.0, ZoneInfo("UTC"), exactly=True)[1].value is None


def test_what_is_not_known_now_did_not_end() -> None:
    now, before = (finding("old"),), (finding("old"), finding("gone"), finding("lost"))
    told = compared(now, before, verdict_times(WATCHED), 10, 100, lambda named: False)
    assert (names(told.ended), names(told.unsure)) == (["gone"], ["lost", "fresh"][::-1])
    assert [f.lasted for f in told.unsure] == [80, None], "as long as it was seen, and no longer"


@pytest.mark.parametrize("rule", [r for r in RULES if UsageHistory in r.uses], ids=lambda r: r.id)
def test_a_rule_that_speaks_by_weeks_of_use_says_nothing_by_its_silence_while_days_are_lacking(
    rule: Rule,
) -> None:
    """Such a finding was called ended by each report that was made without those days."""
    kinds = {kind: Observation[Any](value={}, observed_at=T0, complete=True) for kind in rule.needed}
    cluster = ClusterPicture(ref=REF, info=Observation(), kinds=kinds)
    named = (Subject(REF, rule.judges[0].KIND, "shop", "shop", ""), rule.id)

    def known(progress: ListProgress | None) -> bool:
        status = Observation(value=SourceInfo(name="history", cluster=REF), observed_at=T0, progress=progress)
        picture = Picture(at=T0, number=1, clusters={REF: cluster}, sources={f"{HISTORY_SOURCE} x": status})
        return known_now(picture, Assessment(at=T0, number=1, verdicts={}, workloads={}), REF.environment)(
            named
        )

    assert known(None)
    assert not known(ListProgress(3, 14))


def test_without_one_it_is_by_what_terminals_saw() -> None:
    told = compared((finding("old"), finding("fresh")), None, verdict_times(WATCHED), 10, 100)
    assert told.known_before and (names(told.new), names(told.open)) == (["fresh"], ["old"])


def test_where_nobody_looked_nothing_is_called_new() -> None:
    told = compared((finding("old"),), None, (), 10, 100)
    assert not told.known_before and (names(told.new), names(told.open)) == ([], ["old"])


def test_without_a_cluster_it_is_what_terminals_saw_last() -> None:
    told = compared(None, (finding("old"),), verdict_times(WATCHED), 10, 100)
    assert not told.known_now and (names(told.new), names(told.open)) == (["fresh"], ["old"])


def test_what_follows_the_last_one_looks_ahead_to_the_next() -> None:
    assert {name: kind.span for name, kind in REPORTS.items() if kind.follows} == AHEAD
    for name, asked in subcommands(subcommands(build())["report"]).items():
        told = " ".join(asked.format_help().split())
        assert ("begins where this one ends" in told) is REPORTS[name].follows
        assert ("--last" in told) is REPORTS[name].follows


def test_a_report_that_is_made_can_be_asked_for_and_stands_in_the_schema() -> None:
    """The command line knows them without what makes them."""
    told = json.loads(files("tfdash.report").joinpath("schema.json").read_text())["$defs"]["report"]
    assert set(KINDS) == set(REPORTS) == set(told["properties"]["report"]["enum"])
    assert [name for name in KINDS if name not in told["title"]] == []


# -- the whole --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_that_knows_nothing_says_so_with_the_times(report: str) -> None:
    nothing = ReportData(
        facts(report, journal=NOBODY, now_known=False, workload=SHOP, unread=("the cluster: no answer",))
    )
    text = Templates().render("report.txt", for_templates(nothing, parts_of(nothing)))
    assert code_of(nothing) == 2
    assert "nobody watched from 2026-11-23 09:15 EST to 2026-11-30 09:15 EST" in text
    assert "the cluster: no answer" in text


@pytest.mark.parametrize("report", REPORTS)
def test_where_not_all_was_read_no_part_says_that_there_is_nothing(report: str) -> None:
    """What is on record, or was seen while somebody watched, is told as that; of all else nobody knows that there is none."""
    bounded = ("not known", "by what was read", "on record", "while somebody watched")
    for over in ({"now_known": False}, {"now_known": True}, {"now_known": True, "before": ()}):
        of = ReportData(
            facts(
                report,
                journal=NOBODY,
                workload=SHOP,
                promises={},
                unread=("the log: no right",),
                sets=(),
                **over,
            )
        )
        for part in parts_of(of):
            if isinstance(part, TablePart) and not part.rows:
                assert any(word in part.empty for word in bounded), (part.id, part.empty)
            if isinstance(part, SentencesPart):
                for one in part.said:
                    bare = one.text.startswith(("nothing", "none")) and one.level is None
                    assert not bare or any(word in one.text for word in bounded), (part.id, one.text)


def test_gaps_are_named_and_who_watched() -> None:
    spans = [
        span(T0, T0 + DAY, word(T0 + HOUR, "a", Level.BREACH), ended=Ended.SILENT),
        span(T0 + 2 * DAY, T0 + 7 * DAY, watcher="wall-2"),
    ]
    found = ReportData(facts("weekly", journal=view(spans, T0, T0 + 7 * DAY), promises={}))
    told = document(found, parts_of(found))
    (gap,) = told["parts"]["gaps"]["rows"]
    assert (gap["begin"], gap["end"], gap["seconds"]) == (
        "2026-11-24T14:15:00Z",
        "2026-11-25T14:15:00Z",
        86_400,
    )
    assert gap["after"] == "wall-1, was not heard again"
    assert told["watched"] == pytest.approx(6 / 7, abs=1e-5)
    (rule,) = told["parts"]["broken"]["rows"]
    assert (rule["breach_seconds"], rule["subjects"]) == (DAY - HOUR, 1), "nothing of it in the gap"


def test_what_may_be_over_lasted_as_long_as_it_was_watched_and_what_is_open_now_counts_as_open() -> None:
    seen = [
        span(T0, T0 + DAY, word(T0 + HOUR, "a", Level.BREACH), word(T0, "b", Level.WARN), ended=Ended.SILENT)
    ]
    told = judge_all(picture(cluster(REF)), T0 + 7 * DAY)
    b = Subject(REF, "Deployment", "shop", "b")
    says = Verdict(level=Level.WARN, rule="workload", subject=b, sentence="b says so")
    told = msgspec.structs.replace(told, verdicts={b: (says,)})
    found = ReportData(facts("weekly", journal=view(seen, T0, T0 + 7 * DAY), assessment=told))
    parts = document(found, parts_of(found))["parts"]
    (unsure,) = parts["unsure"]["rows"]
    assert (unsure["subject"].split()[1], unsure["lasts_seconds"]) == ("shop/a", DAY - HOUR)
    (rule,) = parts["broken"]["rows"]
    assert (rule["rule"], rule["subjects"], rule["open"]) == ("workload", 2, 1)


def test_promises_of_other_environments_are_told_as_now_so_then() -> None:
    at = item_subject("vacuum", "staging")
    overdue = JournalWord(at=T0 + HOUR, subject=at, rule="maintenance", level=Level.WARN)
    covers = {at.cluster: Cover(frozenset({"maintenance"}))}
    spans = [span(T0, T0 + DAY, overdue, covers=((T0, covers),))]
    found = ReportData(facts("weekly", journal=view(spans, T0, T0 + 7 * DAY)))
    (row,) = document(found, parts_of(found))["parts"]["broken"]["rows"]
    assert (row["rule"], row["warn_seconds"]) == ("maintenance", DAY - HOUR)


def test_a_release_from_its_start_to_its_end() -> None:
    found = made("release", workload=SHOP, until=T0 + DAY + 2 * HOUR)
    text = Templates().render("report.txt", for_templates(found, parts_of(found)))
    assert "Deployment shop/checkout: rolled back: 6 % ≥ 1.1 %" in text
    assert "rolled back by ann, approved by bob" in text and "time to roll back: 6m" in text
    steps = document(found, parts_of(found))["parts"]["course"]["rows"]
    assert [s["after_seconds"] for s in steps] == [0, 600, 900, 960]


def test_of_a_release_nothing_of_others_is_told() -> None:
    other = Subject(REF, "Deployment", "shop", "other")
    log, sets = week()
    log.acts(T0 + DAY, "workload.rollback", "i-9", actor="mallory", subject=other)
    found = ReportData(facts("release", log.entries, sets, NOBODY, workload=SHOP))
    assert "mallory" not in json.dumps(document(found, parts_of(found)))


def hostile(report: str) -> ReportData:
    log = Log()
    log.crosses(T0 + HOUR, "c")
    log.acts(
        T0 + DAY,
        "workload.rollback",
        "i-1",
        actor=f"{HOSTILE}<script>x</script>",
        reason=f"{HOSTILE} | ** <b>",
    )
    spans = [
        span(T0, T0 + DAY, word(T0 + 60, f"x{HOSTILE}<img src=x>", Level.BREACH), watcher=f"{HOSTILE}<i>")
    ]
    return ReportData(
        facts(
            report, log.entries, [replica_set("c", T0 + 60, 1)], view(spans, T0, T0 + 7 * DAY), workload=SHOP
        )
    )


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("suffix", ["txt", "md", "html", "json"])
def test_what_comes_from_outside_is_shown_literally(report: str, suffix: str) -> None:
    found = hostile(report)
    parts = parts_of(found)
    if suffix == "json":
        text = json.dumps(document(found, parts), ensure_ascii=False)
    else:
        text = Templates().render(f"report.{suffix}", for_templates(found, parts))
    assert not any(sign in text for sign in "\x1b\x00\u202e\u200b")
    if suffix == "html":
        assert "<script" not in text and "<img" not in text and "<i>" not in text


@pytest.mark.parametrize("report", REPORTS)
def test_the_document_keeps_its_schema_and_names_no_part_that_is_not_in_it(report: str) -> None:
    nothing = ReportData(facts(report, journal=None, workload=SHOP))
    for found in (made(report, workload=SHOP), hostile(report), nothing):
        told = document(found, parts_of(found))
        check(told, schema("report"))
        parts = schema("report")["properties"]["parts"]["properties"]
        assert set(told["parts"]) <= set(parts)
        for id, part in told["parts"].items():
            for row in part.get("rows", ()):
                assert set(row) <= set(parts[id]["properties"]["rows"]["items"]["properties"]), id


# -- times --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-23", "2026-11-23T05:00:00+00:00"),
        ("2026-07-01 10:00", "2026-07-01T14:00:00+00:00"),
        ("2026-11-24T15:00Z", "2026-11-24T15:00:00+00:00"),
        ("1d", "2026-11-22T14:15:00+00:00"),
    ],
)
def test_times_are_in_the_platforms_zone(text: str, at: str) -> None:
    assert instant_of(text, ZONE, T0) == parsed(at)


def test_what_is_no_time_is_told() -> None:
    with pytest.raises(ValueError, match='"soon" is no time; write "2026-11-24"'):
        instant_of("soon", ZONE, T0)


def test_every_report_ends_with_what_was_not_observed() -> None:
    assert all("seen" in {maker.__name__ for maker in kind.parts} for kind in REPORTS.values())
    assert ReleaseOutcome.UNKNOWN.value == "not known"
