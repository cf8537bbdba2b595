"""What is asked of a service."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Demand:
    """``cores`` of a whole service at a usual hour; ``memory`` bytes of one pod; ``swing`` of the day (0..1); of its volumes how
    much is ``filled`` (in %, None: no matter) when the world begins, and how many bytes come ``a_day``."""

    cores: float
    memory: float
    swing: float = 0.25
    factor: float = 1.0
    ramps: list[tuple[float, float, float]] = field(default_factory=list)  # (from, until, factor at the end)
    filled: float | None = None
    a_day: float = 0.0
