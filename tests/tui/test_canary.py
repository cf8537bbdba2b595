"""Tab 3 at three sizes and in its states; keys, pages, several releases, hostile text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.tui import canaryworld as cw
from tests.tui.running import SIZES, compare, running
from tfdash.board.board import Board
from tfdash.model.assessment import Assessment
from tfdash.model.picture import Change, Picture
from tfdash.model.traffic import NOT_MEASURED
from tfdash.model.verdict import Level

SCREENS: dict[str, tuple[tuple[Any, ...], Callable[[Board], None], str]] = {
    "canary-breach": (
        ((cw.release(analyses=(cw.RUN,)), cw.BREACH),),
        lambda b: cw.prepare(b, cw.signals(pay=False)),
        "✖ BREACH",
    ),
    "canary-pass": (((cw.release(), cw.PASS),), cw.prepare, "✔ pass"),
    "canary-low-traffic": (((cw.release(), cw.LOW_TRAFFIC),), cw.prepare, "? low traffic"),
    "canary-nothing": ((), cw.prepare, "No release is in flight"),
    "canary-prometheus-down": (
        ((cw.release(), cw.OLD),),
        lambda b: cw.prepare(b, cw.signals(cw.DOWN)),
        "connection refused",
    ),
    "canary-not-configured": (
        ((cw.release(), None),),
        lambda b: cw.prepare(b, cw.signals(NOT_MEASURED)),
        "no Prometheus is configured",
    ),
    "canary-several": (((cw.release(), cw.PASS), (cw.release(cw.AUTH), cw.BREACH)), cw.prepare, "RELEASE"),
}


@pytest.mark.parametrize("name", SCREENS)
async def test_golden(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    pairs, prepare, there = SCREENS[name]
    async with running(size=SIZES[0], start="canary", judge=cw.Told(*pairs), prepare=prepare) as run:
        await run.shows(there)
        shown = {}
        for size in SIZES:
            await run.resize(*size)
            shown[size] = await run.still()
        for (width, height), text in shown.items():
            compare(f"{name}-{width}x{height}", text)


async def test_a_breach_is_a_reversed_line_across_the_whole_screen() -> None:
    async with running(start="canary", judge=cw.Told((cw.release(), cw.BREACH)), prepare=cw.prepare) as run:
        await run.shows("✖ BREACH  checkout 2.14.0")
        strip = run.app.screen.query_one("#banner").render_line(0)
        backgrounds = {segment.style.bgcolor for segment in strip if segment.style is not None}
        assert strip.cell_length == run.app.size.width and len(backgrounds) == 1


async def test_why_has_the_arithmetic_both_readings_the_windows_and_queries_are_to_be_copied() -> None:
    async with running(start="canary", judge=cw.Told((cw.release(), cw.BREACH)), prepare=cw.prepare) as run:
        await run.shows("✖ BREACH")
        await run.press("w")
        await run.shows(
            "3.1 % is 158 % above 1.2 %",
            "read as points",
            "interval 2.5 % to 3.8 %",
            "of 3,102 requests",
            "WINDOW",
        )
        await run.press("escape", "u")
        await run.shows("# error rate", cw.QUERY[:40])
        await run.press("c")
        await run.until(lambda: any("copied" in m.text for m in run.app.messages.all))


async def test_one_chart_at_a_time_on_a_small_terminal() -> None:
    async with running(
        size=SIZES[0], start="canary", judge=cw.Told((cw.release(), cw.BREACH)), prepare=cw.prepare
    ) as run:
        await run.shows("error rate · limit", "other chart")
        await run.lacks("P90 latency · limit")
        await run.press("tab")
        await run.shows("P90 latency · limit")
        await run.lacks("error rate · limit")


async def test_several_releases_are_a_table_and_the_chosen_one_is_below() -> None:
    pairs = ((cw.release(), cw.BREACH), (cw.release(cw.AUTH), cw.PASS))
    async with running(start="canary", judge=cw.Told(*pairs), prepare=cw.prepare) as run:
        await run.shows("2 releases", "✖ BREACH  checkout 2.14.0")  # worst first
        await run.press("down")
        await run.shows("✔ pass  auth 2.14.0")
        assert [s.name for s in run.app.screen.acting_on()] == ["auth"]
        run.app.board.put_store_state(cw.FACTS)  # the cursor and the order stay
        await run.until(lambda: run.app.board.picture.store_state == cw.FACTS, "the facts")
        await run.still()
        await run.shows("✔ pass  auth 2.14.0")
        assert run.text.index("checkout 2.14.0") < run.text.index("✔ pass            ‖ paused")
        await run.press("enter")
        await run.shows("auth 2.14.0: all triggers pass")


async def test_a_release_that_ends_while_it_is_shown_leaves_an_explained_screen() -> None:
    judge = cw.Told((cw.release(), cw.BREACH))
    async with running(start="canary", judge=judge, prepare=cw.prepare) as run:
        await run.shows("✖ BREACH")
        judge.pairs = ()
        run.app.board.put_store_state(cw.FACTS)
        await run.shows("No release is in flight", "last verified", "next")


@pytest.mark.parametrize(
    ("loading", "shown"), [(True, "loading the releases"), (False, "Deployments of eu-1 cannot be read")]
)
async def test_none_is_in_flight_is_said_only_of_what_was_read(loading: bool, shown: str) -> None:
    class Unread(cw.Told):
        def assess(self, picture: Picture, change: Change, now: float) -> tuple[Assessment, Any]:
            assessment, changed = super().assess(picture, change, now)
            first, *others = assessment.sections
            lacks = {
                "sentence": shown,
                "level": Level.UNKNOWN,
                "unknown": 0 if loading else 1,
                "loading": loading,
            }
            section = msgspec.structs.replace(first, **lacks)
            return msgspec.structs.replace(assessment, sections=(section, *others)), changed

    async with running(start="canary", judge=Unread(), prepare=cw.prepare) as run:
        await run.shows(shown)
        await run.still()
        for untrue in ("none in flight", "nothing in flight", "No release is in flight"):
            await run.lacks(untrue)


async def test_an_aborted_release_that_nothing_judges_has_no_empty_charts() -> None:
    from tfdash.model.release import Phase

    release = cw.release(
        phase=Phase.ABORTED, message="RolloutAborted: aborted update to revision 88", pause=None
    )
    async with running(start="canary", judge=cw.Told((release, None)), prepare=cw.prepare) as run:
        await run.shows("▲ aborted", "RolloutAborted")
        await run.lacks("Not judged")


async def test_a_trigger_that_is_not_judged_leads_to_metrics_only_where_they_are_named() -> None:
    said = msgspec.structs.replace(cw.BREACH, triggers=cw.BREACH.triggers[:1])
    async with running(
        size=(120, 40), start="canary", judge=cw.Told((cw.release(), said)), prepare=cw.prepare
    ) as run:
        await run.shows("Not judged.")
        await run.lacks("see metrics below")


async def test_hostile_text_goes_literally_through_the_canary_screen() -> None:
    import msgspec

    from tests.tui.widgets.hostile import HOSTILE
    from tfdash.model.judgement import Outcome

    text = "|".join(HOSTILE)
    bad = msgspec.structs.replace(
        cw.ERRORS_BREACH,
        sentence=text,
        plain=text,
        other=text,
        flags=(text,),
        second_opinion=text,
        query=text,
        baseline_label=text,
        title=text,
    )
    said = cw.judged(
        Outcome.BREACH,
        cw.BREACH.advice,
        text,
        bad,
        msgspec.structs.replace(cw.JOURNEYS_BREACH, sentence=text),
    )
    run_ = msgspec.structs.replace(cw.RUN, message=text, phase=text)
    release = cw.release(message=text, problem=text, skips=(text,), analyses=(run_,))
    async with running(start="canary", judge=cw.Told((release, said)), prepare=cw.prepare) as run:
        await run.shows("[error] disk full")
        for keys in ((), ("w",), ("escape", "u")):
            await run.press(*keys)
            await run.still()
            for character in ("\x1b", "\u202e", "\u200b", "\x9b", "\t", "\r"):
                assert character not in run.text


async def test_the_smallest_terminal_and_back() -> None:
    async with running(start="canary", judge=cw.Told((cw.release(), cw.BREACH)), prepare=cw.prepare) as run:
        await run.shows("✖ BREACH")
        before = run.text
        for size in ((20, 5), (1, 1), (120, 40)):
            await run.pilot.resize_terminal(*size)
            await run.until(lambda size=size: run.app.size == size)
        await run.until(lambda: run.text == before, "the same screen as before")


async def test_without_colour_the_lines_differ_and_nothing_is_coloured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with running(start="canary", judge=cw.Told((cw.release(), cw.BREACH)), prepare=cw.prepare) as run:
        await run.shows("✖ BREACH", "━", "╌", "─", "● canary", "○ baseline")
        for y in range(run.app.size.height):
            for segment in run.app.screen._compositor.render_strips()[y]:
                style = segment.style
                for colour in () if style is None else (style.color, style.bgcolor):
                    assert colour is None or colour.is_default or len(set(colour.get_truecolor())) == 1
