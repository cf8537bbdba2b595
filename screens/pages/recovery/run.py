"""One run: its clocks, its steps, the step in hand with what it would do, and the keys for what can be done next."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from screens.dialogs.step_acts import InHand, StepActs
from screens.frame.board_screen import BoardScreen
from screens.lists.item_rows import ItemRows
from screens.pages.recovery.look import StepLook
from screens.pages.recovery.rows import rows_of
from screens.procedures import begin_within
from screens.shell import Shell
from tfdash.model.procedure import Procedure
from tfdash.model.run import Probed, RunState
from tfdash.model.update import Update
from tfdash.playbook.procedures.progress import OVER
from tfdash.playbook.procedures.walk import steps_by_id
from tfdash.procedures.protocols import RunService
from tfdash.text import safe
from tfdash.views.recovery import hand, head, keys, stated, steps
from tfdash.views.recovery.keys import RunKey
from tfdash.views.recovery.steps import StepRow
from tfdash.views.recovery.words import run_state, run_title
from tfdash.views.table import Cell, Line
from widgets.banner import Banner
from widgets.panel import Divider
from widgets.prose import Prose
from widgets.table import Table

_WIDE, _TALL = 100, 30  # columns and lines from which nothing is left out
_FRAME = 5  # lines of header, tabs, crumbs, the rule and the footer
_SHARE = 0.6  # of the lines that are left, for the steps
_LETTERS = "pxtsoandhecifbvuw"


def needs_away(shell: Shell, run: RunState) -> dict[str, str]:
    """Of each step that is still to do what it needs and is certainly not there now: the names, by the step's id."""
    from tfdash.playbook.procedures.needs import needed  # nothing that the first frame needs
    from tfdash.playbook.procedures.probe import ProbeCase

    board = shell.board
    case = ProbeCase(
        arguments={},
        cluster=run.cluster,
        picture=board.picture,
        assessment=board.assessment,
        now=shell.now(),
        policies=shell.context.policies,
    )
    told = {state.id: state.status for state in run.steps}
    open_now = {
        id: step.needs
        for id, step in steps_by_id(run.procedure).items()
        if step.needs and id in told and told[id] not in OVER
    }
    away = {need for needs in open_now.values() for need in needs if needed(need, case).passed is False}
    found = {id: ", ".join(need for need in needs if need in away) for id, needs in open_now.items()}
    return {id: safe(names) for id, names in found.items() if names}


class RunPage(BoardScreen):
    """Opened with the run's id."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"press('{key}')", "", id=f"run.{key}", show=False) for key in _LETTERS),
        Binding("tab", "next_open", "next in hand", id="run.next", key_display="tab"),
    ]

    def __init__(self, run: str) -> None:
        super().__init__()
        self.tab = "recovery"
        self._about = run
        self._look = StepLook(self, run, self._show_hand)
        self._keys: list[RunKey] = []
        self._gone: dict[str, str] = {}  # what steps need and is not there, by their ids
        self._did = ""  # the step that a key of this page began something with
        self._stood = False  # whether the cursor was put where the run stands

    @property
    def runs(self) -> RunService | None:
        return self.shell.context.runs

    @property
    def run_state(self) -> RunState | None:
        return self.runs.run(self._about) if self.runs is not None else None

    @property
    def crumb(self) -> str:
        run = self.run_state
        return run_title(run) if run is not None else safe(self._about)

    def says(self) -> list[Cell]:
        run = self.run_state
        return [] if run is None else [(run_state(run).text, run_state(run).token)]

    def body(self) -> ComposeResult:
        self._rows = ItemRows[StepRow](
            lambda row: steps.cells(row, self.shell.now(), self._gone),
            marks=lambda row: steps.marks(row),
            text=lambda row: f"{row.number} {row.step.title} {row.state.holder}",
            version=lambda row: (steps.version(row), self._gone.get(row.step.id)),
        )
        yield Banner(id="alone")
        yield Banner(id="what")
        yield Prose(id="head", indent=2)
        yield Table(steps.COLUMNS, self._rows, noun="rows", sort="step", id="body")
        yield Divider(id="hand-rule")
        yield Prose(id="hurts", indent=2)
        yield Prose(id="hand", indent=4)
        yield Prose(id="keys", packed=True)

    # -- what is shown ------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        self._show()

    def take(self, update: Update) -> None:
        self._show()

    def tick(self) -> None:
        self._show()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def on_table_row_highlighted(self, event: Table.RowHighlighted) -> None:
        super().on_table_row_highlighted(event)
        if event.key is not None:
            self._stood = True
            self.query_one("#hand", Prose).scroll_home(animate=False)
            self._show_hand()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        run, table = self.run_state, self.query_one("#body", Table)
        if run is None:
            self._show_nothing(table)
            return
        now, zone = self.shell.now(), self.shell.zone
        why = self.runs.coordinated() if self.runs is not None else ""
        alone, what = self.query_one("#alone", Banner), self.query_one("#what", Banner)
        alone.display = bool(why)
        if why:
            alone.show(*head.not_coordinated(why))
        what.show(*head.banner(run))
        other = self._other(run)
        scarce = self.size.width < _WIDE or self.tall < _TALL
        within = self._within(run)
        told = head.lines(run, now, zone, short=scarce, other=other, within=within)
        most = (3 if self.tall >= _TALL else 2) + (other is not None) + bool(within)
        most += stated.late_line(run, now, zone) is not None
        self.query_one("#head", Prose).show(told, most=most)
        self._gone = needs_away(self.shell, run)
        before = list(self._rows.all)
        self._rows.all = steps.rows_of(run)
        found = list(self._rows.all)
        if before != found:
            table.set_rows(found, presorted=True)
        else:
            table.apply(changed=found)
        table.set_empty(safe(run.unreadable) or "This procedure has no step.")
        if not self._stood and found:
            self._stood = True
            table.move_to(steps.first_open(run, self._me) or found[0])
        self._show_hand()
        self._fit(len(found))

    def _within(self, run: RunState) -> str:
        """As which step of which run it is carried out, in words."""
        from tfdash.playbook.procedures.within import within_said  # nothing that the first frame needs

        return within_said(self.runs.runs(), run, short=True) if self.runs is not None else ""

    def _other(self, run: RunState) -> Procedure | None:
        """Its file as it is now, where the run goes by another text."""
        from tfdash.playbook.procedures.newer import other_file  # nothing that the first frame needs

        return other_file(run, self.runs.procedures()) if self.runs is not None else None

    def _show_nothing(self, table: Table) -> None:
        text = "The runs are read now." if self.runs is None else f"No run {safe(self._about)} is known here."
        for name in ("#alone", "#hand-rule", "#hurts", "#hand", "#keys"):
            self.query_one(name).display = False
        self.query_one("#what").display = False
        table.set_empty(text)
        table.set_rows([], presorted=True)

    def _fit(self, many: int) -> None:
        """Steps get what they need, up to what leaves the step in hand its rows; both scroll."""
        width = max(self.size.width, 20)
        names = ("#what", "#alone", "#head", "#hurts", "#keys")
        taken = _FRAME + sum(rows_of(self.query_one(name), width) for name in names)
        most = max(min(many + 2, int((self.tall - taken) * _SHARE)), 4)
        table = self.query_one("#body", Table)
        if table.styles.height is None or table.styles.height.value != most:
            table.styles.height = most

    @property
    def _me(self) -> str:
        """Who we are where it acts."""
        run = self.run_state
        cluster = self.shell.board.picture.clusters.get(run.cluster) if run is not None else None
        info = cluster.info.value if cluster is not None else None
        return info.user if info is not None else ""

    @property
    def _row(self) -> StepRow | None:
        key = self.query_one("#body", Table).cursor_key
        return self._rows.all.get(key) if key is not None else None

    def _probes(self, row: StepRow) -> tuple[Probed, ...]:
        return self.runs.probes(self._about, row.step.id) if self.runs is not None else ()

    def _show_hand(self) -> None:
        run, row = self.run_state, self._row
        if run is None or row is None or not self.is_mounted:
            return
        self._look.look(run, row.state)
        prepared, trouble = self._look.prepared(row.step.id), self._look.trouble(row.step.id)
        now, zone, state = self.shell.now(), self.shell.zone, row.state
        self.query_one("#hand-rule", Divider).set_text(hand.title(run, row.number, row.step))
        lines: list[Line] = [hand.state_line(row.step, state, now)]
        hurts = hand.hurt(row.step, state, prepared)
        if trouble and state.status not in OVER:
            hurts.append([("? ", "unknown"), trouble])
        box = self.query_one("#hurts", Prose)
        box.show([*lines, *hurts], most=max(self.tall // 4, 4))
        probes = self._probes(row)
        told = hand.lines(row.step, state, prepared, probes, now, zone, not trouble)
        self.query_one("#hand", Prose).show(told)
        may = prepared.may if prepared is not None and state.status not in OVER else ()
        refused = "" if prepared is None else prepared.refused
        of_step = keys.step_keys(row.step, state, may, refused)
        self._follow_on(run, row)
        differs = self._other(run) is not None
        of_run = keys.run_keys(
            run,
            copies=bool(hand.copy_lines(prepared, probes)),
            differs=differs,
            word=stated.word_key(run, now),
        )
        shown = [*of_step, *of_run]
        self.query_one("#keys", Prose).show(keys.key_lines(shown), most=4)
        if shown != self._keys:
            self._keys = shown
            self.refresh_bindings()

    def _follow_on(self, run: RunState, row: StepRow) -> None:
        """Where a person did the step under the cursor, and it is over, what comes next is in hand."""
        if row.step.id == self._did and row.state.status in OVER:
            self._did = ""
            if (next_one := steps.first_open(run, self._me)) in self._rows.all:
                self.call_later(self.query_one("#body", Table).move_to, next_one)

    # -- keys ---------------------------------------------------------------------------------------------------

    def _key(self, key: str) -> RunKey | None:
        return next((one for one in self._keys if one.key == key or (key == "f" and one.id == "close")), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "press":
            return self._key(str(parameters[0])) is not None
        return super().check_action(action, parameters)

    def word_of(self, action: str) -> str:
        found = self._key("enter") if action == "open" else None
        return found.word if found is not None else ""

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        self.action_press("enter")

    def action_next_open(self) -> None:
        """The next of those that can be worked on now."""
        run, row = self.run_state, self._row
        open_now = [s.id for s in run.steps if s.id in run.next] if run is not None else []
        if open_now:
            here = open_now.index(row.step.id) if row is not None and row.step.id in open_now else -1
            self.query_one("#body", Table).move_to(open_now[(here + 1) % len(open_now)])

    def action_press(self, key: str) -> None:
        found, run, row = self._key(key), self.run_state, self._row
        if run is None or self.runs is None:
            return
        if found is None:
            self.shell.open("step", run.id, row.step.id) if row is not None else None
        elif found.refused:
            self.shell.tell(f"{found.word}: {safe(found.refused)}", "warning")
        else:
            self._press(found.id, run, row, StepActs(self.shell, self.runs))

    def _press(self, id: str, run: RunState, row: StepRow | None, acts: StepActs) -> None:
        of_run: dict[str, Callable[[], None]] = {
            "note": lambda: acts.note(run, row),
            "acknowledge": lambda: acts.acknowledge(run),
            "impact": lambda: acts.impact(run),
            "hand over": lambda: self.shell.open("handover", run.id),
            "journal": lambda: self.shell.open("journal", run.id),
            "difference": lambda: self.shell.open("difference", run.id),
            "outer": lambda: self.shell.open("run", run.within[0]),
            "abort": lambda: acts.abort(run),
            "close": lambda: acts.close(run),
            "word": lambda: acts.word(run),
        }
        if id in of_run:
            of_run[id]()
            return
        if row is None:
            return
        if id in ("inner", "begin"):
            self._inner(id, run, row)
            return
        if id == "describe":
            self.shell.open("step", run.id, row.step.id)
            return
        at = InHand(run, row, self._look.prepared(row.step.id), self._probes(row))
        self._did = row.step.id
        {
            "do": acts.do,
            "anyway": lambda at: acts.do(at, anyway=True),
            "pass": acts.passed,
            "sign": acts.sign,
            "decide": acts.decide,
            "approve": acts.approve,
            "alone": acts.approve,
            "settle": acts.settle,
            "skip": acts.skip,
            "claim": acts.claim,
            "take over": acts.take_over,
            "copy": acts.copy,
        }[id](at)

    def _inner(self, id: str, run: RunState, row: StepRow) -> None:
        """To the run that was begun for the step, or to begin it."""
        if id == "inner":
            self.shell.open("run", row.state.inner)
        else:
            begin_within(self.shell, run, row.step)
