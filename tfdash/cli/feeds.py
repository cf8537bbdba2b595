"""What the feeds of the release calendar close, for a command that judges once. Nothing is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tfdash.cli.compose import calendar_of
from tfdash.playbook.schedule.feeds import in_force

if TYPE_CHECKING:
    from tfdash.clock import Clock
    from tfdash.config.quick import QuickConfig
    from tfdash.config.settings import Settings
    from tfdash.model.picture import Picture
    from tfdash.playbook.schedule import CalendarPolicy

_FEEDS = 45.0  # seconds: of an address, and of reading what it serves


def calendar_in_force(
    config: QuickConfig, settings: Settings, clock: Clock, then: Picture | None = None
) -> CalendarPolicy:
    """The release calendar, its feeds read: a copy of the last half day as it lies, else the file or address itself. ``then``: by what a
    recording holds of them."""
    policy = calendar_of(settings)
    if not policy.feeds:
        return policy
    if then is not None:
        return in_force(policy, then.signals.feeds)
    from tfdash.board.board import Board
    from tfdash.cli.compose import judge_of
    from tfdash.cli.headless import settle
    from tfdash.cli.store_options import store_options
    from tfdash.sources.feeds.source import FeedsSource

    folder = store_options(settings, config.path).folder / "feeds"
    source = FeedsSource(policy.feeds, policy.tz, clock, folder, keeping=False)
    board = Board([], judge_of(settings), clock, sources=[source])
    settle(board, {}, _FEEDS)
    found = in_force(policy, board.picture.signals.feeds)
    board.stop()
    return found


def sure(policy: CalendarPolicy) -> CalendarPolicy:
    """As if what was never read closed nothing: what is closed by it is closed in any case."""
    return replace(policy, unread="")
