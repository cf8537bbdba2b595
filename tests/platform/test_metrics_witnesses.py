"""Metrics as those take them who are to read them: promtool and Debian's node exporter where the machine has it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from tests.platform.harness.build import build_prometheus
from tests.platform.harness.processes import end, free_ports, spawn
from tests.unit.report.test_formats import HOSTILE_TOLD, HOSTILE_WORLD, WORLD, pages
from tfdash.report.formats import FORMATS

pytestmark = pytest.mark.platform
CASES = {"well read": pages(WORLD), "hostile": pages(HOSTILE_WORLD, HOSTILE_TOLD)}


def written(case: str) -> bytes:
    found = FORMATS["prometheus"].write(CASES[case])
    assert isinstance(found, bytes)
    return found


@pytest.mark.parametrize("case", CASES)
def test_promtool_has_nothing_to_say(case: str) -> None:
    done = subprocess.run(
        [str(build_prometheus() / "promtool"), "check", "metrics"],
        input=written(case),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0 and not done.stdout + done.stderr, done.stdout + done.stderr


EXPORTER = shutil.which("prometheus-node-exporter")


@pytest.mark.skipif(EXPORTER is None, reason="Debian's prometheus-node-exporter is not installed")
@pytest.mark.parametrize("case", CASES)
def test_the_node_exporter_hands_it_on(tmp_path: Path, case: str) -> None:
    (tmp_path / "tfdash.prom").write_bytes(written(case))
    beside = FORMATS["prometheus"].write(
        pages(WORLD, None, "overview")
    )  # of another run, into the same folder
    assert isinstance(beside, bytes)
    (tmp_path / "overview.prom").write_bytes(beside)
    address = f"127.0.0.1:{free_ports(1)[0]}"
    flags = [
        "--collector.disable-defaults",
        "--collector.textfile",
        f"--collector.textfile.directory={tmp_path}",
    ]
    argv = [str(EXPORTER), *flags, f"--web.listen-address={address}"]
    process = spawn(argv, tmp_path, log := tmp_path / "log")
    try:
        told = answer(f"http://{address}/metrics", process, log)
    finally:
        end(process)
    assert "\nnode_textfile_scrape_error 0\n" in told
    ours = [line.rsplit(" ", 1)[0] for text in (written(case), beside) for line in text.decode().splitlines()]
    lost = [line for line in ours if line.startswith("tfdash_up{") and f"\n{_sorted(line)} " not in told]
    assert sum(line.startswith("tfdash_up{") for line in ours) == 2 and not lost
    assert "collected before" not in log.read_text()


def _sorted(series: str) -> str:
    """As the exporter writes it: labels by name."""
    name, labels = series[:-1].split("{")
    return f"{name}{{{','.join(sorted(labels.split(',')))}}}"


def answer(url: str, process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=10) as found:
            return str(found.read().decode())
    raise AssertionError(log.read_text())
