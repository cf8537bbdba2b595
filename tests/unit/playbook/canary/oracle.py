"""``scipy.stats``, read at its first use: it takes seconds to import, and every worker of a run collects every file."""

from typing import Any


def __getattr__(name: str) -> Any:
    from scipy import stats

    return getattr(stats, name)
