"""``scipy.stats``, read at its first use: it takes seconds to import, and every worker of a run collects every file."""

from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("_"):  # pytest looks for its own marks on whatever a test file names
        raise AttributeError(name)
    from scipy import stats

    return getattr(stats, name)
