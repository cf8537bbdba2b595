"""What may be done to the object under the cursor: offers of the action service as keys, refused ones with their reason.

A key acts on the object that was painted when it was pressed (its uid), never on one that slid under the cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from screens.frame.board_screen import BoardScreen
from screens.run_steps import KEY, begin_step, offers_here, runs_on
from screens.shell import Shell
from tfdash.model.action import Offer
from tfdash.model.subject import Subject
from tfdash.text import safe
from tfdash.views import plan as plans
from tfdash.views.action_words import words_of
from widgets.commands import Command
from widgets.table import Table

# The same verb has the same key everywhere; opposites are never neighbours.
VERBS: tuple[tuple[str, str, str], ...] = (
    ("b", "roll_back", "roll back"),
    ("o", "onward", "onward"),
    ("h", "hold", "hold"),
    ("r", "restart", "restart"),
    ("s", "scale", "scale"),
    ("i", "isolate", "isolate"),
    ("x", "shell", "shell"),
)
_ACT = "act."  # begins the ids of commands that are actions
_STARTS_ON = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout", "Canary", "Node"})
"""The kinds of objects on which a key starts a procedure."""
_WORDS = 14  # characters of an offer's verb in the footer


class ActingScreen(BoardScreen):
    """Subclasses say ``acting_on``: the marked objects, or the one under the cursor, with their uids."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"act('{key}')", word, id=f"act.{name}") for key, name, word in VERBS),
        Binding("a", "actions", "actions", id="act.all"),
        Binding(KEY, "procedure", "procedure", id="act.procedure"),
    ]
    _offers: tuple[Offer, ...] = ()
    _offered: tuple[Subject, ...] = ()  # what the offers are about
    _painted: tuple[Subject, ...] = ()  # what the person sees under the cursor
    _prompted: tuple[Subject, ...] = ()  # what they saw there when they began to say what to do with it

    # -- what is offered ----------------------------------------------------------------------------------------

    def refresh_bars(self) -> None:
        self.renew_offers()
        super().refresh_bars()

    def on_table_row_highlighted(self, event: Table.RowHighlighted) -> None:
        self.renew_offers()

    def on_table_marks_changed(self, event: Table.MarksChanged) -> None:
        self.renew_offers()

    def renew_offers(self) -> None:
        """Look again at what may be done; the footer follows where that differs."""
        actions = self.shell.context.actions
        if actions is None or not self.is_mounted:
            return
        subjects = tuple(self.acting_on())
        known = subjects if all(s.uid for s in subjects) else ()
        offers = (
            offers_here(self.shell, known[0])
            if len(known) == 1
            else common([actions.offers(s) for s in known[: actions.bulk_cap]])
        )
        offers = self.fitting(offers)
        if known != self._painted:
            self.call_after_refresh(self._paint, known)
        self._offered = known
        if offers != self._offers:
            self._offers = offers
            self.refresh_bindings()

    def fitting(self, offers: tuple[Offer, ...]) -> tuple[Offer, ...]:
        """Those that have to do with what the screen tells; all of them are under ``actions``."""
        return offers

    def _paint(self, subjects: tuple[Subject, ...]) -> None:
        if self.is_mounted and subjects == self._offered:
            self._painted = subjects
            if not self._prompted:  # they began to type before there was a row
                self._prompted = subjects
                self.renew_commands()

    def offer_of(self, key: str) -> Offer | None:
        return next((o for o in self._offers if o.key == key), None) if key else None

    @property
    def offers(self) -> tuple[Offer, ...]:
        return self._offers

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "act":
            return self.offer_of(str(parameters[0])) is not None
        if action == "actions":
            return bool(self._offers)
        if action == "procedure":
            return self.shell.context.runs is not None and any(
                s.kind in _STARTS_ON or runs_on(self.shell, s) for s in self._offered[:1]
            )
        return super().check_action(action, parameters)

    def refusal_of(self, action: str) -> str:
        offer = self.offer_of(_key_of(action))
        return safe(offer.refused) if offer is not None else ""

    def word_of(self, action: str) -> str:
        offer = self.offer_of(_key_of(action))
        return verb_of(offer) if offer is not None else ""

    def note(self) -> str:
        """``b o refused: this terminal only reads``: the reason that most keys share, before any is pressed."""
        if self.shell.context.actions is None:
            return self.shell.trouble
        by_reason: dict[str, list[str]] = {}
        for offer in self._offers:
            if offer.refused and offer.key:
                by_reason.setdefault(safe(offer.refused), []).append(offer.key)
        if not by_reason:
            return ""
        reason, keys = max(by_reason.items(), key=lambda item: len(item[1]))
        return f"{' '.join(keys)} refused: {reason}"

    # -- words --------------------------------------------------------------------------------------------------

    async def action_command(self, text: str = "") -> None:
        self._prompted = self._painted
        await super().action_command(text)

    def own_commands(self) -> list[Command]:
        return commands_of(self._offers, self._prompted)

    def do_command(self, command: Command, argument: str) -> None:
        action = action_of(command)
        offer = next((o for o in self._offers if o.action == action), None)
        if not action:
            super().do_command(command, argument)
        elif self._prompted != self._painted or offer is None:
            self._tell_changed()
        else:
            self.begin(offer, argument)

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_act(self, key: str) -> None:
        offer = self.offer_of(key)
        if offer is not None:
            self.begin(offer)

    def begin(self, offer: Offer, argument: str = "") -> None:
        """Plan and confirm ``offer`` for what is painted under the cursor; say why where it is refused."""
        subjects = tuple(self.acting_on())
        if subjects != self._painted or not subjects:
            self._tell_changed()
            return
        if len(subjects) == 1 and self.shell.show_run_of(offer.action, subjects[0]):
            return  # the key that began it shows how far it is: nothing is begun twice
        begin_offer(self, offer, subjects, argument)

    def _tell_changed(self) -> None:
        self.renew_offers()
        self.shell.tell("what is under the cursor changed just now; look again, then press again", "warning")

    def action_procedure(self) -> None:
        """The open runs that are about what is under the cursor, and the procedures that ask for it: those start there with it filled in."""
        from screens.procedures import begin_on  # brings what the first frame does without

        if self._painted:
            begin_on(self.shell, self._painted[0])

    def action_actions(self) -> None:
        """Every action that concerns the object, those without a key of their own among them."""
        if self._offers and self._painted:
            self.shell.open("actions", self._painted)


def verb_of(offer: Offer) -> str:
    """The verb of ``noun: verb``, for the footer."""
    return safe(plans.key_words(offer.title))[:_WORDS]


def refusal(offer: Offer) -> str:
    """Why not, and what would help, on one line."""
    first = offer.remedy.strip().splitlines()
    more = f"; {first[0]}" if first else ""
    return f"{safe(offer.title)} is refused: {safe(offer.refused)}{safe(more)}"


def tell_refused(shell: Shell, offer: Offer) -> None:
    """In a recording everything is, and by one reason that stands there already."""
    tell = shell.tell if shell.replay is None else shell.replay.tell_in_line
    tell(refusal(offer), "warning")


def commands_of(offers: Sequence[Offer], subjects: Sequence[Subject]) -> list[Command]:
    """What may be done to ``subjects``, as commands."""
    kinds = dict.fromkeys(s.kind for s in subjects)
    about = safe(plans.objects_named(subjects)) if subjects else ""
    return [
        Command(
            f"{_ACT}{o.action}",
            o.title,
            words_of(o.action, o.title, kinds),
            f"{about}; shows its plan first",
            o.said_with,
            refused=safe(o.refused),
            changes=True,
            yields=True,
        )
        for o in offers
        if subjects
    ]


def action_of(command: Command) -> str:
    """The id of the action that a command of ``commands_of`` means; "" of any other."""
    return command.id.removeprefix(_ACT) if command.id.startswith(_ACT) else ""


def begin_offer(page: BoardScreen, offer: Offer, subjects: Sequence[Subject], argument: str = "") -> None:
    """What a key, a row or a word leads to, wherever it is pressed: the refusal, the step of an open run that it is, or its own dialog."""
    shell = page.shell
    actions = shell.context.actions
    if offer.refused:
        tell_refused(shell, offer)
    elif actions is not None and len(subjects) > actions.bulk_cap:
        shell.tell(
            f"{len(subjects)} are marked; at most {actions.bulk_cap} at once ([actions] bulk_cap)", "warning"
        )
    elif len(subjects) != 1 or not begin_step(page, offer, subjects[0], argument):
        confirm(shell, offer, subjects, argument)


def confirm(shell: Shell, offer: Offer, subjects: Sequence[Subject], argument: str = "") -> None:
    """The dialog for what may be done; ``argument`` is the one that was said with it."""
    if argument and not offer.said_with:
        about = safe(plans.objects_named(subjects))
        shell.tell(f"{verb_of(offer)} takes nothing behind it: it is about {about}", "warning")
        return
    from screens.dialogs.confirm import ConfirmScreen

    given = {offer.said_with: argument} if argument else None
    shell.push_screen(ConfirmScreen(offer, subjects, given=given))


def _key_of(action: str) -> str:
    return action.removeprefix("act('").removesuffix("')") if action.startswith("act('") else ""


def common(offered: Sequence[tuple[Offer, ...]]) -> tuple[Offer, ...]:
    """What may be done to all of them: refused where it is refused for one."""
    if not offered:
        return ()
    found = []
    for offer in offered[0]:
        same = [next((o for o in many if o.action == offer.action), None) for many in offered]
        if all(o is not None for o in same):
            found.append(next((o for o in same if o is not None and o.refused), offer))
    return tuple(found)
