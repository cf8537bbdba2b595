"""[demo] sets the clock: only the simulator's own configuration may, for it would open the calendar and stamp the audit log."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfdash.cli.compose import clock_of
from tfdash.clock import ScaledClock, SystemClock
from tfdash.config.problems import ConfigError
from tfdash.config.quick import load_quick

KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "{server}"}}}}]
contexts: [{{name: c, context: {{cluster: c, user: u}}}}]
users: [{{name: u, user: {{token: t}}}}]
current-context: c
"""


def config(
    folder: Path, server: str, *, beside: bool = True, demo: str = "enabled = true\nspeed = 9.0"
) -> str:
    place = folder if beside else folder / "elsewhere"
    place.mkdir(exist_ok=True)
    (place / "kubeconfig").write_text(KUBECONFIG.format(server=server))
    path = folder / "config.toml"
    path.write_text(f'[environments.production]\nkubeconfig = "{place / "kubeconfig"}"\n[demo]\n{demo}\n')
    return str(path)


def test_the_simulators_own_configuration_sets_the_clock(tmp_path: Path) -> None:
    quick = load_quick(config(tmp_path, "https://127.0.0.1:4711"))
    assert isinstance(clock_of(quick), ScaledClock)


def test_a_real_one_has_the_machines_clock(tmp_path: Path) -> None:
    quick = load_quick(config(tmp_path, "https://k8s.corp:6443", demo="enabled = false"))
    assert isinstance(clock_of(quick), SystemClock)


@pytest.mark.parametrize(
    ("server", "beside", "why"),
    [
        ("https://k8s.corp:6443", True, "no server on loopback"),
        ("https://127.0.0.1.corp:6443", True, "no server on loopback"),
        ("https://10.0.0.1:6443", False, "no server on loopback"),
    ],
)
def test_any_other_that_says_so_is_refused_with_file_and_key(
    tmp_path: Path, server: str, beside: bool, why: str
) -> None:
    path = config(tmp_path, server, beside=beside)
    with pytest.raises(ConfigError, match=rf"config.toml: demo.enabled: .*{why}; leave \[demo\] out"):
        clock_of(load_quick(path))


def test_without_any_environment_it_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[demo]\nenabled = true\n")
    with pytest.raises(ConfigError, match=r"demo.enabled"):
        clock_of(load_quick(str(path)))
