"""The dialog between a key and an action: the plan, what the guard says of it, and what is asked of the operator.

Cancel has the focus and Escape always cancels. A plan that expires is made anew without losing what was typed, unless it changed: then it waits again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from screens.dialogs.approval_prompt import ApprovalPrompt
from screens.dialogs.offers import placeholder_of, slug
from screens.shell import Shell
from tfdash.actions.core.plan_digest import what_moves
from tfdash.actions.core.protocols import ActionService, PlanRefused
from tfdash.actions.core.runner import word_of
from tfdash.model.action import Confirmation, Guarded, Offer, Risk
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import Subject
from tfdash.text import fault, safe
from tfdash.views.plan import hurt_lines, key_verb, objects_named, place_of, plan_lines, verb, well_lines
from tfdash.views.table import Line
from widgets.confirm import Dialog, DialogTitle, Push, Tick, TypedInput, Word, type_at_once
from widgets.prose import Prose
from widgets.workers import begin

_REASON = 3  # characters of a reason at least
log = logging.getLogger(__name__)


class ConfirmScreen(ModalScreen[None]):
    """Plans ``offer`` for ``subjects`` with what is ``given``, and carries it out when it was confirmed. ``others`` are further
    answers to the same question, each a dialog of its own."""

    AUTO_FOCUS = "#cancel"
    said_first: Sequence[Line] = ()  # before the plan: whose it is
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", id="dialog.cancel", show=False)
    ]

    def __init__(
        self,
        offer: Offer,
        subjects: Sequence[Subject],
        *,
        given: Mapping[str, str] | None = None,
        others: Sequence[Offer] = (),
        heading: str = "",
    ) -> None:
        super().__init__()
        self._offer, self._subjects, self._heading = offer, tuple(subjects), heading
        self._others = tuple(others)
        self._plans: list[Guarded] = []
        # why there is no plan; the argument that nobody gave yet, and what it may be
        self._trouble = self._wanting = self._hint = ""
        self._asked: list[Line] = []  # what the last try was reminded of
        self._busy = True
        self._given: dict[str, str] = dict(given or {})
        self._second = ApprovalPrompt()
        self._rests_on: object = None  # verdicts and calendar, as the plan was made on them

    @property
    def shell(self) -> Shell:
        return cast("Shell", self.app)

    @property
    def heading(self) -> str:
        what = self._heading or f"{verb(self._offer.title)} {objects_named(self._subjects)}"
        return f"{what} {place_of(self.shell.context.named, self._subjects)}"

    def compose(self) -> ComposeResult:
        with Dialog(id="dialog"):
            place = place_of(self.shell.context.named, self._subjects)
            yield DialogTitle(self.heading, self.shell.context.colour, place)
            yield Prose(id="hurts", indent=2)
            with VerticalScroll(id="scroll", can_focus=False):
                yield Prose(id="plan", indent=2)
                yield Prose(id="well", indent=2, packed=True)
            yield Vertical(id="choices")
            for name in self._offer.arguments:
                with Horizontal(classes="asked", id=f"row-{slug(name)}"):
                    yield Word(f"{name.replace('_', ' ')}  ")
                    yield TypedInput(
                        id=f"argument-{slug(name)}",
                        placeholder=placeholder_of(self._offer.action, name),
                        value=self._given.get(name, ""),
                    )
            with Horizontal(classes="asked", id="row-reason"):
                yield Word("Reason  ")
                yield TypedInput(id="reason")
            with Horizontal(classes="asked", id="row-typed"):
                yield Word("", id="typed-word")
                yield TypedInput(id="typed")
            yield Prose(id="say", indent=2, most=4)
            with Horizontal(id="buttons"):
                yield Word("", id="left")
                yield Push("Cancel", id="cancel")
                for index, other in enumerate(self._others):
                    yield Push(key_verb(other.title), id=f"other-{index}")
                yield Push(key_verb(self._offer.title), id="go")

    def on_mount(self) -> None:
        self.call_later(self._show)
        self._make()
        self.set_interval(1.0, self._tick)

    # -- plans --------------------------------------------------------------------------------------------------

    def _make(self) -> None:
        self._busy = True
        begin(self, self._making, "plan")

    async def _making(self) -> None:
        actions = self.shell.context.actions
        if actions is None:
            return
        before, self._rests_on = self._plans, self._ground()
        try:
            if before and not self._trouble and dict(before[0].plan.arguments).items() >= self._given.items():
                chosen = tuple(t.choice for t in self.query(Tick) if t.on and t.choice != "extra")
                made = [await self._anew(actions, g, chosen) for g in before]
            else:
                made = await self._planned(actions)
        except PlanRefused as refused:
            self._wanting = next((a for a in refused.wanting if a in self._offer.arguments), "")
            self._hint = safe(refused.remedy)
            self._trouble = f"{safe(str(refused))}{self._hint and f'; {self._hint}'}"
        except ReadFailed as failed:
            self._trouble = safe(str(failed.problem))
        except Exception as error:  # a dialog that says nothing would be taken for one that works
            log.error("unforeseen", exc_info=error)
            self._trouble = f"the plan could not be made: {fault(error)}"
        else:
            if before and [what_moves(g.plan) for g in before] != [what_moves(g.plan) for g in made]:
                self._wait_again()
            self._plans, self._trouble, self._wanting = made, "", ""
        self._busy = False
        if self.is_mounted:
            await self._ticks()
            self._show()
            self._lead()

    async def _planned(self, actions: ActionService) -> list[Guarded]:
        work = (actions.plan(self._offer.action, s, dict(self._given)) for s in self._subjects)
        return list(await asyncio.gather(*work))

    async def _anew(self, actions: ActionService, before: Guarded, choices: tuple[str, ...]) -> Guarded:
        return await actions.refresh(before.plan, choices)

    def _wait_again(self) -> None:
        """It is another plan than the one that was read: nothing that was typed for that one counts, nor a key on its way."""
        if self.is_mounted:
            self.query_one("#typed", TypedInput).value = ""
            self.query_one("#cancel", Push).focus()
            self.query_one(Dialog).wait_again()
            self.query_one("#scroll", VerticalScroll).scroll_home(animate=False)

    def _lead(self) -> None:
        """To the argument that is wanted; from one that was given to what is asked next."""
        at = self.focused.id or "" if isinstance(self.focused, TypedInput) else ""
        if self._wanting and (not at or at.startswith("argument-")):
            self.query_one(f"#argument-{slug(self._wanting)}", TypedInput).focus()
        elif at.startswith("argument-") and self._plans and not self._refused and self._risk is not Risk.KEY:
            name = "reason" if self.query_one("#row-reason").display else "typed"
            self.query_one(f"#{name}", TypedInput).focus()

    async def _ticks(self) -> None:
        """A tick for each choice of the plan, and one where a promotion needs a further confirmation; kept as they are."""
        wanted = {c.id: (c.text, c.chosen) for g in self._plans[:1] for c in g.plan.choices}
        if any(c.id == "canary" and c.passed is None for g in self._plans for c in g.checks):
            wanted["extra"] = ("promote although the triggers do not all pass", False)
        for tick in [t for t in self.query(Tick) if t.choice not in wanted]:
            await tick.remove()
        new = [Tick(n, *told) for n, told in wanted.items() if all(t.choice != n for t in self.query(Tick))]
        await self.query_one("#choices", Vertical).mount_all(new)

    @property
    def _refused(self) -> str:
        if self._trouble:
            return self._trouble
        bad = [g for g in self._plans if g.refused]
        if not bad:
            return ""
        who = f"{safe(bad[0].plan.subject.name)}: " if len(self._plans) > 1 else ""
        return f"{who}{safe(bad[0].refused)}"

    @property
    def _risk(self) -> Risk:
        return max((g.plan.risk for g in self._plans), default=Risk.TYPED_NAME)

    @property
    def _typed(self) -> str:
        return word_of([g.plan for g in self._plans])

    @property
    def _second_person(self) -> bool:
        return any(c.id == "approval" and c.passed is None for g in self._plans for c in g.checks)

    def _tick(self) -> None:
        self._second.follow(self.shell.board.picture.store_state.approvals)
        expired = bool(self._plans) and min(g.plan.expires_at for g in self._plans) <= self.shell.now()
        if self._plans and not self._busy and (expired or self._ground() != self._rests_on):
            self._make()
        self._show()

    def _ground(self) -> object:
        """The verdicts beside the subjects, and whether the calendar is open: a plan that rests on others is made anew at
        once, not when it expires."""
        assessment = self.shell.board.assessment
        places = {(s.cluster, s.namespace) for s in self._subjects}
        verdicts = {
            s: j.outcome for s, j in assessment.canaries.items() if (s.cluster, s.namespace) in places
        }
        return verdicts, assessment.calendar is not None and assessment.calendar.open

    # -- what is shown ------------------------------------------------------------------------------------------

    def _show(self) -> None:
        if not self.is_mounted:
            return
        lines: list[Line] = []
        if not self._plans and not self._trouble:
            lines = [[("◐ making the plan …", "moving")]]
        elif len(self._plans) == 1:
            lines = [*self.said_first, *plan_lines(self._plans[0].plan)]
        for guarded in self._plans if len(self._plans) > 1 else ():
            lines.append([(f"{safe(guarded.plan.subject.name):<28} ", "bright"), safe(guarded.plan.effect)])
        self.query_one("#plan", Prose).show(lines)
        refused = self._refused  # said below, and once is enough
        checks = {c.text: c for g in self._plans for c in g.checks if c.text != refused}
        hurts = self.query_one("#hurts", Prose)
        hurts.show(hurt_lines(self._plans, refused))
        hurts.display = bool(hurts.text)
        self.query_one("#well", Prose).show(well_lines(list(checks.values())))
        asked = bool(self._plans) and not self._refused
        self.query_one("#row-typed").display = asked and self._risk is not Risk.KEY and bool(self._typed)
        self.query_one("#row-reason").display = asked and (
            self._risk >= Risk.TYPED_NAME_AND_REASON or self._second_person
        )
        self.query_one("#typed-word", Word).say(f"Type {safe(self._typed)}  ")
        self._show_buttons(asked)

    def _show_buttons(self, asked: bool) -> None:
        go, cancel = self.query_one("#go", Push), self.query_one("#cancel", Push)
        go.display = asked
        waits = self._second.waits(self._plans)
        word = key_verb(self._offer.title)
        if self._second_person and not self._second.approvals:
            word = "Ask a second person"
        go.say("waits for approval" if waits else word, enabled=not waits)
        cancel.say("Close" if self._refused and not self._wanting else "Cancel")
        if not go.display and go.has_focus:
            cancel.focus()
        left = ""
        if self._plans and not self._refused:
            seconds = max(0, int(min(g.plan.expires_at for g in self._plans) - self.shell.now()))
            left = "the plan is made anew …" if self._busy else f"plan {seconds} s left"
        self.query_one("#left", Word).say(left)
        say: list[Line] = []
        if self._wanting:
            what = f"{safe(self._wanting.replace('_', ' '))}{self._hint and f' ({self._hint})'}"
            say = [[("▲ ", "warn"), f"give {what}, then Enter"]]
        elif self._refused:
            say = [[("✖ refused: ", "breach"), self._refused]]
            if any(c.id == "sync" and c.passed is False for g in self._plans for c in g.checks):
                say.append([("Tab goes to the choices, Space chooses", "dim")])
        else:
            say = self._second.lines(self._plans, self.shell.now())
        self._say(say or self._asked)
        dialog = self.query_one(Dialog)
        dialog.call_after_refresh(dialog.fit)

    def _say(self, lines: list[Line]) -> None:
        self.query_one("#say", Prose).show(lines)

    # -- answers ------------------------------------------------------------------------------------------------

    def on_tick_changed(self, event: Tick.Changed) -> None:
        if event.tick.choice != "extra":
            self._make()

    def on_typed_input_paste_refused(self) -> None:
        self._remind("nothing can be pasted here: type it")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        name = (event.input.id or "").removeprefix("argument-")
        if (event.input.id or "").startswith("argument-"):
            given = {slug(n): n for n in self._offer.arguments}[name]
            text = event.value.strip()
            if text:
                self._given[given] = text
            else:
                self._given.pop(given, None)
            self._plans = []
            self._make()
        elif event.input.id == "typed" and self.query_one("#go").display:
            self.query_one("#go").focus()
        else:
            self.app.action_focus_next()

    def on_push_pressed(self, event: Push.Pressed) -> None:
        name = event.push.id or ""
        if name == "cancel":
            self.action_cancel()
        elif name.startswith("other-"):
            other = self._others[int(name.removeprefix("other-"))]
            self.app.switch_screen(ConfirmScreen(other, self._subjects, given=self._given))
        else:
            self._go()

    def on_key(self, event: events.Key) -> None:
        """Where one key is enough, the same key again is the answer."""
        dialog = self.query_one(Dialog)
        same = bool(self._offer.key) and event.key == self._offer.key and not isinstance(self.focused, Input)
        if same and self._plans and self._risk is Risk.KEY:
            event.stop()
            dialog.once(self._go)
            return
        self._type_at_once(event, dialog)

    def _type_at_once(self, event: events.Key, dialog: Dialog) -> None:
        """A letter while a button has the focus begins the name that is asked for: nobody looks for Tab at 3 a.m."""
        if dialog.takes_key() and self._risk is not Risk.KEY and self._plans:
            type_at_once(
                self, event, [self.query_one("#reason", TypedInput), self.query_one("#typed", TypedInput)]
            )

    def action_cancel(self) -> None:
        self.dismiss()

    def _go(self) -> None:
        """Everything that was asked is there: carry it out."""
        self._asked = []
        if self._busy or not self._plans or self._refused:
            return
        typed, reason = self.query_one("#typed", TypedInput), self.query_one("#reason", TypedInput)
        if self._risk is not Risk.KEY and typed.value != self._typed:
            self._ask(typed, f"type {safe(self._typed)} to confirm")
            return
        if self.query_one("#row-reason").display and len(reason.value.strip()) < _REASON:
            self._ask(reason, "a reason is needed")
            return
        extra = next((t for t in self.query(Tick) if t.choice == "extra"), None)
        if extra is not None and not extra.on:
            extra.focus()
            self._remind("the triggers do not all pass: confirm that too")
            return
        if self._second_person and not self._approved():
            return
        together = tuple(g.plan.digest for g in self._plans)
        confirmations = [
            Confirmation(
                plan_digest=g.plan.digest,
                typed=typed.value,
                reason=reason.value.strip(),
                choices=tuple(c.id for c in g.plan.choices if c.chosen),
                extra=extra is not None and extra.on,
                approval=approval.id if approval is not None else "",
                together=together if len(together) > 1 else (),
            )
            for g, approval in ((g, self._second.of(g)) for g in self._plans)
        ]
        self._confirmed(list(zip(self._plans, confirmations, strict=True)))

    def _confirmed(self, plans: Sequence[tuple[Guarded, Confirmation]]) -> None:
        self.shell.carry_out(self.heading, plans)

    def _ask(self, field: TypedInput, text: str) -> None:
        field.focus()
        self._remind(text)

    def _remind(self, text: str) -> None:
        """What is still missing; it stays until the next try, whatever ticks meanwhile."""
        self._asked = [[(f"▲ {text}", "warn")]]
        self._say(self._asked)

    def _approved(self) -> bool:
        """True with an approval of each of these very plans; asks for them where none was asked for."""
        if self._second.holds(self._plans):
            return True
        if not self._second.waits(self._plans):
            begin(self, self._request, "approval")
        return False

    async def _request(self) -> None:
        actions = self.shell.context.actions
        if actions is not None:
            reason = self.query_one("#reason", TypedInput).value.strip()
            why = await self._second.ask(actions, self._plans, reason)
            self._asked = [[("✖ ", "breach"), why]] if why else []
            self._show()
