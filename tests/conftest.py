"""Options that all tests share, and the real parts, each started once at its first use.

A build or a start of a part that fails is a failed test with its reason, never a skip.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.platform.harness.argo import ArgoRollouts
    from tests.platform.harness.cluster import Cluster
    from tests.platform.harness.prometheus import Prometheus

# No example is timed (a busy machine is no defect), and the same commit tries the same examples, so a failure is the
# change's. New examples are looked for with ``pytest --hypothesis-profile=search``;
# a test that gives a number of its own keeps it there.
settings.register_profile(
    "same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "search", settings.get_profile("same"), derandomize=False, max_examples=2000, print_blob=True
)
settings.register_profile("quick", settings.get_profile("same"), max_examples=20)
settings.load_profile("same")

LONG = "pytestmark = pytest.mark.long"  # as it stands in a file that is long as a whole
PROCESSES = ("start_process", "PseudoTerminal", "subprocess")  # what a file names that starts some


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--platform", action="store_true", help="run against the real parts too (make platform)")
    parser.addoption(
        "--quick", action="store_true", help="leave out what is long by nature (make test-quick)"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--quick"):
        settings.load_profile("quick")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With ``--quick`` a file that needs the simulator or a process, or is long as a whole, is not even imported."""
    if not config.getoption("--quick") or not collection_path.match("test_*.py"):
        return None
    text = collection_path.read_text()
    return True if any(word in text for word in ("tfdash.demo", *PROCESSES, LONG)) else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Into the JUnit file, so that ``tests.ci.once_more`` can run one alone."""
    item.user_properties.append(("nodeid", item.nodeid))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without ``--platform`` the real parts are left out openly (deselected); with it nothing is ever skipped."""
    texts: dict[Path, str] = {}

    def mentions(item: pytest.Item, *words: str) -> bool:
        if item.path not in texts:
            texts[item.path] = item.path.read_text()
        return any(word in texts[item.path] for word in words)

    def left_out(item: pytest.Item) -> bool:
        if "platform" in item.keywords and not config.getoption("--platform"):
            return True
        if not config.getoption("--quick"):
            return False
        return "long" in item.keywords or "postgres" in getattr(item, "fixturenames", ())

    def begins(item: pytest.Item) -> int:
        """What waits for processes and screens begins first, so that no worker is left alone with it at the end."""
        if mentions(item, *PROCESSES) or "protocol" in item.path.parts:
            return 0
        return 1 if "tui" in item.path.parts else 2

    items.sort(key=begins)
    if out := [item for item in items if left_out(item)]:
        config.hook.pytest_deselected(items=out)
        gone = set(out)
        items[:] = [item for item in items if item not in gone]


@pytest.fixture
def holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests gave this process to keep back (any word) is taken out of nothing here."""
    monkeypatch.setattr("tfdash.text._held", deque(maxlen=256))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The one real control plane of the session."""
    from tests.platform.harness.cluster import Cluster

    with Cluster() as running:
        yield running


@pytest.fixture(scope="session")
def argo(cluster: Cluster, pytestconfig: pytest.Config) -> Iterator[ArgoRollouts]:
    """The real Argo Rollouts controller on the session's cluster, and Flagger's definitions without its controller."""
    from tests.platform.harness.argo import ArgoRollouts, apply_definitions, flagger_definitions

    with ArgoRollouts(cluster) as running:
        apply_definitions(cluster, flagger_definitions())
        pytestconfig.stash[_ARGO] = running
        yield running


@pytest.fixture(scope="module")
def prometheus() -> Iterator[Callable[..., Prometheus]]:
    """Starts real Prometheus servers, ``prometheus(config, openmetrics=...)``; they end with the module's tests."""
    from tests.platform.harness.prometheus import Prometheus

    with ExitStack() as running:
        yield lambda *args, **kwargs: running.enter_context(Prometheus(*args, **kwargs))


_ARGO = pytest.StashKey["ArgoRollouts"]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """After a test that failed the controller that it may have hung is started anew: the next tests are about themselves."""
    report = yield
    if report.failed and (argo := item.config.stash.get(_ARGO, None)) is not None:
        argo.again()
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A part that ended by itself was started again (``Kept``); what it said is with the failures that it explains."""
    from tests.platform.harness.processes import ENDED

    for told in ENDED:
        terminalreporter.write_line(told)


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """What is told of a failed test may hold half a surrogate pair, which no pipe between the workers takes: all tests ended."""
    return _encodable((yield))


def _encodable(told: Any) -> Any:
    if isinstance(told, str):
        return told.encode("utf-8", "backslashreplace").decode()
    if isinstance(told, dict):
        return {_encodable(key): _encodable(value) for key, value in told.items()}
    if isinstance(told, list | tuple):
        return type(told)(map(_encodable, told))
    return told
