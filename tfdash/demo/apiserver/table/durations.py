"""Ages as the API server writes them in a Table (apimachinery's HumanDuration)."""

from __future__ import annotations

from tfdash.demo.apiserver.objects import seconds


def human(duration: float) -> str:
    """At most two units, exactly apimachinery's steps."""
    whole = int(duration)  # Go truncates towards zero, so does int
    if whole < -1:
        return "<invalid>"
    if whole < 0:
        return "0s"
    if whole < 120:
        return f"{whole}s"
    minutes, hours = whole // 60, whole // 3600
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _two(hours // 24, "d", hours % 24, "h")
    if hours < 24 * 365 * 2:
        return f"{hours // 24}d"
    if hours < 24 * 365 * 8:
        return _two(hours // 24 // 365, "y", hours // 24 % 365, "d")
    return f"{hours // 24 // 365}y"


def _two(big: int, unit: str, small: int, small_unit: str) -> str:
    return f"{big}{unit}{small}{small_unit}" if small else f"{big}{unit}"


def since(text: str | None, now: float) -> str:
    """How long ago a timestamp is, ``<unknown>`` without one."""
    at = seconds(text)
    return "<unknown>" if at is None else human(now - at)
