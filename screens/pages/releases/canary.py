"""Tab 3: releases in flight and their verdict; of the chosen one a chart for each trigger, and what stands around it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from screens.frame.acting_screen import ActingScreen, verb_of
from screens.lists.item_rows import ItemRows
from screens.pages.releases.drawing import drawing
from tfdash.model.judgement import CanaryJudgement, Outcome, Trigger
from tfdash.model.release import ReleaseState
from tfdash.model.release_answer import ReleaseAnswer
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.model.verdict import Level
from tfdash.text import safe
from tfdash.views import canary, canaryfacts
from tfdash.views.state import aged, of_level, phase_of
from tfdash.views.table import Cell, Column, Line
from widgets.banner import Banner
from widgets.chart import Chart, Drawing
from widgets.panel import Divider
from widgets.prose import Prose
from widgets.table import Table

_COLUMNS = (
    Column("release", "RELEASE", min=20, flex=3, sort="none"),
    Column("verdict", "VERDICT", 16, sort="none"),
    Column("phase", "PHASE", 14, priority=2, sort="none"),
    Column("weight", "TRAFFIC", 10, align="right", priority=1, sort="none"),
    Column("advice", "NEXT", 12, priority=3, sort="none"),
    Column("where", "IN", min=14, flex=1, priority=4, sort="none"),
)
_WIDE = 100  # columns: two charts stand side by side
_TALL = 34  # lines: room for whole sentences
_STACKED = 34  # lines: room for two charts under each other
_CHARTED = ("errors", "latency")


JudgedRelease: TypeAlias = tuple[ReleaseState, CanaryJudgement | None, ReleaseAnswer]


def _cells(judged: JudgedRelease) -> Sequence[Cell]:
    release, said, answer = judged
    verdict, phase = canary.verdict(answer), aged(phase_of(release), release.as_of)
    weight = release.weight
    share = weight.actual if weight.actual is not None else weight.wanted
    return (
        (canary.name_and_version(release), "bright"),
        (verdict.text, verdict.token),
        (phase.text, phase.token),
        "" if share is None else f"{share:.3g} %",
        said.advice.value if said is not None else "",
        (safe(release.subject.namespace), "dim"),
    )


def _marks(judged: JudgedRelease) -> Sequence[Hashable]:
    return (judged[0].subject, canary.verdict(judged[2]).word, judged[0].phase, "", "", "")


class CanaryScreen(ActingScreen):
    """The verdict stands in the first line; a table of releases only where several are in flight."""

    AUTO_FOCUS = ""  # the table of releases is there only where several are
    scoped = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "why", "why", id="canary.why"),
        Binding("u", "queries", "queries", id="canary.queries"),
        Binding("tab", "other_chart", "other chart", id="canary.other_chart", key_display="tab"),
        Binding("l", "logs", "logs", id="canary.logs", show=False),
        Binding("d", "inspect('describe')", "describe", id="canary.describe", show=False),
        Binding("y", "inspect('yaml')", "yaml", id="canary.yaml", show=False),
        Binding("e", "inspect('events')", "events", id="canary.events", show=False),
    ]
    _release: ReleaseState | None = None
    _said: CanaryJudgement | None = None
    _answer: ReleaseAnswer | None = None
    _wanted: Subject | None = None  # to be chosen as soon as it is there
    _second = False  # which chart is shown where there is room for one

    @property
    def crumb(self) -> str:
        return "Canary"

    def body(self) -> ComposeResult:
        self._releases = ItemRows(
            _cells, marks=_marks, version=lambda judged: (id(judged[0]), id(judged[1]), judged[2])
        )
        yield Banner(id="banner")
        yield Table(_COLUMNS, self._releases, noun="releases", id="body")
        yield Prose(id="facts", indent=2)
        with Container(id="charts"):
            for name in _CHARTED:
                with Container(classes="pane", id=f"pane-{name}"):
                    yield Chart(id=f"chart-{name}")
                    yield Prose(id=f"said-{name}", indent=2)
                    yield Prose(id=f"marks-{name}", indent=2)
        yield Divider(id="around-rule")
        yield Prose(id="around", indent=10)
        yield Prose(id="keys", most=1)
        yield Prose(id="nothing", indent=2)

    def note(self) -> str:
        return ""  # the keys have a line of their own here

    def says(self) -> list[Cell]:
        found = list(self._releases.all.values())
        assessment = self.shell.board.assessment
        read = bool(assessment.sections) and canary.unread(assessment) is None
        none: list[Cell] = [("· none in flight", "dim")] if read else []
        if not found:
            return none
        bad = sum(answer.must_roll_back for _, _, answer in found)
        told: list[Cell] = [(f"✖ {bad} must roll back", "breach")] if bad else []
        flying = sum(r.in_flight for r, _, _ in found)
        told += [(f"◐ {flying} in flight", "moving")] if flying else none
        age = canaryfacts.judged_text(self._said, self.shell.now())
        return [*told, (age, "dim")] if age else told

    # -- updates ------------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        self._show()

    def take(self, update: Update) -> None:
        self._show()

    def tick(self) -> None:
        self._show_chosen()

    def on_resize(self) -> None:
        self._show_chosen()
        self.refresh_bindings()

    def on_table_row_highlighted(self, event: Table.RowHighlighted) -> None:
        self._choose(event.key)

    def _show(self) -> None:
        if not self.is_mounted:
            return
        assessment = self.shell.board.assessment
        found = canary.shown(assessment, self.shell.namespaces)
        self._releases.all = {
            r.subject: (r, canary.judgement_of(assessment, r), assessment.answer(r)) for r in found
        }
        table = self.query_one("#body", Table)
        several = len(found) > 1
        if table.display is not several:
            table.display = several
            self.set_focus(table if several else None)
        table.set_rows(
            self._releases.all, presorted=True
        )  # worst first: an order that keys alone do not have
        first = next(iter(self._releases.all), None)
        here = self._found_wanted() or (self._release.subject if self._release is not None else None)
        self._choose(
            here if here in self._releases.all else first if not several else table.cursor_key or first
        )

    def stand_on(self, subject: Subject) -> None:
        self._wanted = subject
        if self.is_mounted and self.app.screen is self:
            self._show()

    def _found_wanted(self) -> Subject | None:
        """The release that was asked for, once it is among those that are shown; what is not there any more is said."""
        wanted, names = self._wanted, self.shell.namespaces
        if wanted is None or not self.shell.board.assessment.sections:
            return None
        self._wanted = None
        found: Subject | None = next((s for s in self._releases.all if s[:4] == wanted[:4]), None)
        if found is not None:
            self.query_one("#body", Table).move_to(found)
            return found
        shown = names is None or wanted.namespace in names
        why = (
            "is not among the releases any more"
            if shown
            else "is in a namespace that is not shown; 0 shows all"
        )
        self.shell.tell(f"{wanted.kind} {safe(wanted.name)} {why}", "warning")
        return None

    def _choose(self, subject: Subject | None) -> None:
        found = self._releases.all.get(subject) if subject is not None else None
        self._release, self._said, self._answer = found if found is not None else (None, None, None)
        self._show_chosen()

    def _show_chosen(self) -> None:
        if not self.is_mounted:
            return
        release, said = self._release, self._said
        for name in ("#facts", "#charts", "#around-rule", "#around", "#keys"):
            self.query_one(name).display = release is not None
        self.query_one("#nothing").display = release is None
        # an aborted release that nothing judges any more has no chart to show
        charted = release is not None and (release.in_flight or (said is not None and bool(said.triggers)))
        self.query_one("#charts").display = self.query_one("#around-rule").display = charted
        banner = self.query_one("#banner", Banner)
        head = canary.headline(release, said, self._answer, self.shell.zone)
        if release is None:
            self._show_nothing(banner, head)
            return
        offer = next(
            (
                o
                for o in self.offers
                if not o.refused and o.key == {"roll back": "b", "promote": "o"}.get(head.advice)
            ),
            None,
        )
        banner.show(
            head.state, head.text, f"{head.advice} ({offer.key})" if offer is not None else head.advice
        )
        self._show_facts(release, said)
        for name in _CHARTED:
            trigger = next((t for t in said.triggers if t.id == name), None) if said is not None else None
            self._show_trigger(name, trigger, head.text)
        self._fold()
        self._show_around(release, said)
        self._show_keys()

    def _show_nothing(self, banner: Banner, head: canary.Headline) -> None:
        shell = self.shell
        unread = canary.unread(shell.board.assessment)
        loading = not shell.board.assessment.sections or (unread is not None and unread.loading)
        if loading:
            banner.show(head.state.worded("loading the releases …"), head.text)
        elif unread is not None:
            banner.show(of_level(Level.UNKNOWN), safe(unread.sentence))
        else:
            banner.show(head.state, head.text)
        lines: list[Line] = (
            [[("What is in flight is read now.", "dim")]]
            if loading
            else canaryfacts.nothing_lines(
                shell.board.picture, shell.board.assessment, shell.now(), shell.zone, read=unread is None
            )
        )
        self.query_one("#nothing", Prose).show(lines)

    @property
    def _tall(self) -> bool:
        return self.tall >= _TALL

    def _show_facts(self, release: ReleaseState, said: CanaryJudgement | None) -> None:
        room = max(self.size.width - 2, 20)
        bar = canary.BAR if room >= _WIDE else canary.BAR // 2
        lines = [
            canary.against(release, said),
            canary.step_line(release, self.shell.now(), bar),
            canary.skip_line(release),
        ]
        if release.problem:
            lines.append([(f"? {safe(release.problem)}", "unknown")])
        if not self._tall or room >= _WIDE:
            lines = [canary.fitting(line, room) for line in lines]
        self.query_one("#facts", Prose).show([line for line in lines if line], most=5 if self._tall else 4)

    def _show_trigger(self, name: str, trigger: Trigger | None, above: str) -> None:
        """``above``: the first line's sentence, which is not said twice where room is short."""
        chart, said, marks = (self.query_one(f"#{part}-{name}") for part in ("chart", "said", "marks"))
        assert isinstance(chart, Chart) and isinstance(said, Prose) and isinstance(marks, Prose)
        if trigger is None:
            picture, release = self.shell.board.picture, self._release
            below = release and canaryfacts.metrics_lines(picture, release, self.shell.now())
            empty = "Not judged: see metrics below." if below else "Not judged."
            chart.show(Drawing(title=canary.title_of_id(name), empty=empty, zone=self.shell.zone))
            said.show([])
            marks.show([])
            return
        chart.show(drawing(trigger, self.shell.zone))
        state, sentence = canary.trigger_sentence(trigger)
        tall = self._tall
        line: Line = [
            (f"{state.glyph} ", state.token),
            (sentence, "bright" if trigger.outcome is Outcome.BREACH else ""),
        ]
        said.show([] if not tall and sentence in above else [line], most=5 if tall else 2)
        marks.show([canary.trigger_marks(trigger)], most=2)

    def _show_around(self, release: ReleaseState, said: CanaryJudgement | None) -> None:
        picture, now = self.shell.board.picture, self.shell.now()
        lines: list[Line] = list(canaryfacts.metrics_lines(picture, release, now))
        journeys = canaryfacts.journey_line(picture, release, now)
        if said is not None:
            lines += canary.other_lines(said, without=frozenset({"journeys"} if journeys else ()))
        lines += [journeys] if journeys else []
        lines += canaryfacts.analysis_lines(release)
        lines.append(canaryfacts.good_line(canaryfacts.good_of(picture, release), now))
        lines += [line for line in (canaryfacts.managed_by_line(release),) if line]
        lines.append(canaryfacts.calendar_line(self.shell.board.assessment.calendar, short=not self._tall))
        if not self._tall:  # one row each, and no more than leave a chart
            lines = [canary.fitting(line, self.size.width - 2) for line in lines][:5]
        self.query_one("#around", Prose).show(lines)

    def _show_keys(self) -> None:
        """The refused keys with their reasons, before anybody presses one."""
        line: list[Cell] = []
        for offer in self.offers:
            if offer.key and offer.refused:
                line += [(f"{offer.key} {verb_of(offer)}: refused, {safe(offer.refused)}   ", "dim")]
        keys = self.query_one("#keys", Prose)
        keys.display = bool(line)
        keys.show([line] if line else [])

    def renew_offers(self) -> None:
        before = self.offers
        super().renew_offers()
        if self.offers != before and self._release is not None:
            self._show_chosen()

    # -- layout -------------------------------------------------------------------------------------------------

    @property
    def _one_chart(self) -> bool:
        return self.size.width < _WIDE and self.tall < _STACKED

    def _fold(self) -> None:
        """Two charts side by side, under each other, or one at a time."""
        if not self.is_mounted:
            return
        beside = self.size.width >= _WIDE
        layout = "horizontal" if beside else "vertical"
        charts = self.query_one("#charts")
        if charts.styles.layout is None or charts.styles.layout.name != layout:
            charts.styles.layout = layout
        for at, name in enumerate(_CHARTED):
            pane = self.query_one(f"#pane-{name}")
            shown = not self._one_chart or at == int(self._second)
            if pane.display is not shown:
                pane.display = shown
        self._level(beside)

    def _level(self, beside: bool) -> None:
        """Side by side the axes stand in one line: what is said under the charts takes the same rows.

        The widths are those of canary.tcss for this screen's: the panes' own are still the former ones after a resize."""
        widths = ((self.size.width - 1) // 2 - 2, self.size.width // 2 - 2)
        for part in ("said", "marks"):
            both = [self.query_one(f"#{part}-{name}", Prose) for name in _CHARTED]
            height = max(map(Prose.rows_at, both, widths)) if beside else None
            for one in both:
                now = one.styles.height
                if height is None:
                    if now is not None and not now.is_auto:
                        one.styles.height = "auto"
                elif now is None or now.value != height or now.is_auto:
                    one.styles.height = height

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "other_chart":
            return self._one_chart and self._release is not None
        if action in ("why", "queries", "inspect", "logs"):
            return self._release is not None
        return super().check_action(action, parameters)

    # -- keys ---------------------------------------------------------------------------------------------------

    def acting_on(self) -> Sequence[Subject]:
        if self._release is None:
            return ()
        subject = self._release.subject
        cluster = self.shell.board.picture.clusters.get(subject.cluster)
        obj = cluster.objects(subject.kind).get(subject.key) if cluster is not None else None
        return (subject._replace(uid=subject.uid or (obj.uid if obj is not None else "")),)

    def action_other_chart(self) -> None:
        self._second = not self._second
        self._fold()

    def action_why(self) -> None:
        self._page("why")

    def action_queries(self) -> None:
        self._page("queries")

    def _page(self, what: str) -> None:
        if self._release is not None:
            self.shell.open("verdict", self._release.subject, what)

    def action_inspect(self, what: str) -> None:
        if self._release is not None:
            self.shell.open("inspect", self._release.subject, what)

    def action_logs(self) -> None:
        if self._release is not None:
            self.shell.open("logs", self._release.workload or self._release.subject)

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        self._page("why")
