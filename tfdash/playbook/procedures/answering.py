"""One question asked of a probe, as it is answered everywhere: in a run, on a screen, by a command. Never raises."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tfdash.model.procedure import Ask
from tfdash.model.run import Probed
from tfdash.model.verdict import UnknownKind
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.probes import PROBES
from tfdash.text import fault, safe


def answered(ask: Ask, case: ProbeCase) -> Probed:
    """What the probe says of ``case``, whose arguments become the ask's own, in which no ``{input}`` is left. A probe that goes wrong, or
    that is not there, is not known."""
    probe = PROBES.get(ask.probe)
    arguments = dict(ask.arguments)
    if probe is None:
        return Probed(
            passed=None, sentence=safe(f"there is no probe {ask.probe}"), unknown=UnknownKind.NOT_WATCHED
        )
    try:
        said = probe.judge(msgspec.structs.replace(case, arguments=arguments))
        line = probe.line(arguments)
    except Exception as error:
        return Probed(
            passed=None,
            sentence=f"probe {probe.id} failed: {fault(error)}",
            unknown=UnknownKind.QUERY_ERROR,
        )
    return said if said.line or not line else msgspec.structs.replace(said, line=line)


def kinds_asked(asks: Iterable[Ask]) -> frozenset[str]:
    """The kinds that must be read for these to be known."""
    found = (PROBES[ask.probe].needs for ask in asks if ask.probe in PROBES)
    return frozenset().union(*found)
