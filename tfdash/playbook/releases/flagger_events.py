"""What Flagger says of a Canary by its events: why it halts, and whether it says anything at all."""

from __future__ import annotations

from tfdash.model.delivery import Canary
from tfdash.model.kubecluster import Event
from tfdash.playbook.releases.flagger_routes import confirmed
from tfdash.playbook.releases.world import World

_BUSY = ("Progressing", "Promoting", "Finalising")  # in which it looks at each interval, and says what it saw
_QUIET, _LOOKS = 600.0, 5  # seconds: client-go's recorder may let one event of many through in five minutes


def halts(world: World, canary: Canary) -> list[Event]:
    """The events that say why it does not go on, oldest first."""
    told = (e for e in world.links(canary).events if "advancement" in e.message)
    return sorted(told, key=lambda e: e.last_seen or 0.0)


def halted(world: World, canary: Canary) -> tuple[str, ...]:
    """Why it does not go on, by its newest event of the last two intervals."""
    newest = next(reversed(halts(world, canary)), None)
    if newest is None or (newest.last_seen or 0.0) < world.now - 2 * canary.interval:
        return ()
    return (newest.message,)


def heard(world: World, canary: Canary) -> float:
    """When Flagger last said anything of it (epoch seconds): each step, failed check and change of phase stamps its status, and
    why it halts is an event."""
    told = (e.last_seen for e in world.links(canary).events if e.involved_uid == canary.uid)
    return max(canary.last_transition or 0.0, *told, 0.0)


def quiet_at(world: World, canary: Canary) -> float | None:
    """From when on its silence asks whether it is alive; None where it waits for others, or where events are not known."""
    busy = canary.phase in _BUSY or confirmed(canary)
    if not busy or canary.suspend or not canary.last_transition or world.unread(Event):
        return None
    hooks = sum(
        h.lasts for h in canary.webhooks
    )  # it says nothing while it waits for one (fluxcd/flagger#527)
    return heard(world, canary) + max(_QUIET, _LOOKS * canary.interval) + hooks
