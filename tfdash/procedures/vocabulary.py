"""What the files of procedures may name in this installation: the tables of the program and what the configuration allows."""

from __future__ import annotations

from tfdash.actions.core.action import Target
from tfdash.actions.registry import ACTIONS
from tfdash.notify.messages import MESSAGES
from tfdash.notify.settings import NotifySettings
from tfdash.playbook.procedures.needs import NEEDS
from tfdash.playbook.procedures.placeholders import named_in
from tfdash.playbook.procedures.probes import PROBES
from tfdash.playbook.procedures.settings import WORDS, AllowedCommand, ProceduresSettings
from tfdash.playbook.procedures.vocabulary import Vocabulary
from tfdash.report.templates import TemplateFault, Templates
from tfdash.store.log.redact import Redactor


def vocabulary_of(settings: ProceduresSettings, notify: NotifySettings | None = None) -> Vocabulary:
    """Of this configuration; without ``notify`` nothing is held against messages and channels. An action that hands the terminal over, or approves another's plan, is no step."""
    return Vocabulary(
        probes=PROBES,
        actions={
            one.id: (one.arguments, one.needed)
            for one in ACTIONS.values()
            if not one.terminal and one.target is not Target.APPROVALS
        },
        needs={id: (bool(one.name), one.named) for id, one in NEEDS.items()},
        commands={name: _inputs(one) for name, one in settings.commands.items()},
        hosts=settings.hosts,
        pipelines=settings.pipelines,
        messages=_messages(notify) if notify is not None else None,
        channels=notify.channels if notify is not None else None,
        remembered=Redactor(),
    )


def _messages(notify: NotifySettings) -> frozenset[str]:
    """Those that ship, and the company's own templates."""
    try:
        own = Templates(notify.templates).own() if notify.templates else []
    except TemplateFault:  # told where messages are
        own = []
    return frozenset((*MESSAGES, *(name.removesuffix(".txt") for name in own)))


def _inputs(allowed: AllowedCommand) -> frozenset[str]:
    """The inputs of which a command speaks."""
    words = (*allowed.command, *(text for _, text in allowed.values))
    return frozenset(name for word in words if word != WORDS for name, _ in named_in(word))
