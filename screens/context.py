"""What the composition hands to the application. No I/O here."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tfdash.clock import Clock
from tfdash.config.startup import UiSettings

if TYPE_CHECKING:
    from tfdash.actions.core.protocols import ActionService, Ledger
    from tfdash.model.store_state import Entry
    from tfdash.playbook.policies import Policies
    from tfdash.procedures.protocols import RunService


@dataclass
class AppContext:
    """``namespaces`` None means all. ``validate`` checks the whole configuration, in a thread, behind the first frame;
    it returns the sentence of what is wrong, or "", and fills in ``policies``, ``actions``, ``ledger`` and ``audit``. ``contexts`` reads the kubeconfig's, when somebody asks for them."""

    environment: str
    clock: Clock
    word: str = ""
    colour: str = "neutral"
    environments: tuple[str, ...] = ()
    zone: str = "America/New_York"
    namespaces: tuple[str, ...] | None = None
    demo: bool = False
    ui: UiSettings = field(default_factory=UiSettings)
    validate: Callable[[], str] = lambda: ""
    contexts: Callable[[], tuple[str, ...]] = lambda: ()
    entries: Callable[[], Sequence[Entry]] | None = (
        None  # the newest of the audit log; None: there is no store here
    )
    may_elevate: bool = False  # whether ":elevate" may start the program anew with a writer
    bundle: tuple[
        str, ...
    ] = ()  # the command that makes a bundle of what is shown; () where none can be made
    bundle_at: bool = False  # it takes the moment that is shown, of a recording
    context_name: str = ""  # of the kubeconfig, where the first cluster came from one
    policies: Policies | None = None  # that days and promises are drawn by; None until all is validated
    actions: ActionService | None = None  # what may be done; None: nothing is even offered
    runs: RunService | None = None  # of procedures; None until the store is there
    ledger: Ledger | None = None  # approvals, break-glass, what a person settles; called on the board's loop
    audit: Callable[[int], Coroutine[Any, Any, Sequence[Entry]]] | None = (
        None  # the newest entries of the log, newest first
    )

    @property
    def named(self) -> str:
        """The environment as headings spell it."""
        return self.word or self.environment.upper()
