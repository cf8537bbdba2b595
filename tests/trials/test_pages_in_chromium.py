"""Pages of HTML in a real Chromium: nothing that anybody named runs or asks for anything, by day, by night and on paper.

Skipped where there is none (Debian's package chromium, or another of these names on PATH). ``TFDASH_PICTURES=DIR`` keeps pictures and papers.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.unit.playbook.making import deployment, pod
from tests.unit.report.test_formats import HOSTILE_TOLD, HOSTILE_WORLD, WORLD, pages, text
from tests.unit.report.test_html import NAMES
from tests.unit.report.test_truth_table import whole
from tfdash.report.screens import EVERY

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium on PATH")
_A4 = 595  # points


class Witness(NamedTuple):
    """A server that is named in what outsiders wrote; ``asked`` are the paths that somebody asked for."""

    address: str
    asked: list[str]


@pytest.fixture
def witness() -> Iterator[Witness]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Witness(f"http://127.0.0.1:{server.server_address[1]}", asked)
    server.shutdown()
    server.server_close()


def chromium(folder: Path, page: Path, *flags: str) -> str:
    """What it prints to stdout of one page."""
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
    command += ["--virtual-time-budget=2000", *flags, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def names_of(witness: Witness) -> list[str]:
    """Each runs, or asks for something, if it is read as markup."""
    title = "document.title='taken'"
    planted = [
        f'<script src="{witness.address}/script"></script>',
        f'<img src="{witness.address}/image" onerror="{title}">',
        f"<svg onload={title}>",
        f'<style>@import "{witness.address}/style";</style>',
        f'<link rel=stylesheet href="{witness.address}/link"><iframe src="{witness.address}/frame"></iframe>',
        f'"><script>{title}</script>',
        f"</title></style></pre></svg><script>{title}</script>",
        f'<meta http-equiv="refresh" content="0; url={witness.address}/away">',
    ]
    return [*planted, *(name for name in NAMES if len(name) < 500)]


def test_of_what_outsiders_wrote_nothing_runs_and_nothing_is_asked_for(
    tmp_path: Path, witness: Witness
) -> None:
    for number, name in enumerate(names_of(witness)):
        page = tmp_path / f"{number}.html"
        world = whole((deployment(name=name), pod(name=name)))
        page.write_text(text("html", *pages(world)), "utf-8", "backslashreplace")
        told = chromium(tmp_path, page, "--dump-dom")
        title = re.search("<title>(.*?)</title>", told, re.S)
        assert title is not None and "taken" not in title[1] and "Platform report" in title[1], name
    assert witness.asked == []


def test_the_witness_sees_a_page_that_is_not_written_by_us(tmp_path: Path, witness: Witness) -> None:
    page = tmp_path / "control.html"
    page.write_text("<title>x</title><body>" + "".join(names_of(witness)[:3]))
    assert "taken" in chromium(tmp_path, page, "--dump-dom")
    assert {"/script", "/image"} <= set(witness.asked)


def test_by_day_by_night_and_on_paper(tmp_path: Path) -> None:
    """Two pictures that differ, and sheets of A4. Whoever changes a page looks at them."""
    folder = Path(os.environ.get("TFDASH_PICTURES") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    page = tmp_path / "all.html"
    page.write_text(text("html", *pages(WORLD), *pages(HOSTILE_WORLD, HOSTILE_TOLD, "overview")))
    for scheme, number in (("night", 0), ("day", 1)):
        chromium(
            tmp_path,
            page,
            f"--blink-settings=preferredColorScheme={number}",
            "--window-size=1280,1800",
            f"--screenshot={folder / scheme}.png",
        )
    assert (folder / "night.png").read_bytes() != (folder / "day.png").read_bytes()
    chromium(tmp_path, page, "--no-pdf-header-footer", f"--print-to-pdf={folder / 'paper.pdf'}")
    boxes = re.findall(rb"/MediaBox \[\s*0 0 ([0-9.]+) ([0-9.]+)\s*\]", (folder / "paper.pdf").read_bytes())
    assert boxes and all(abs(float(wide) - _A4) < 2 and float(high) > 800 for wide, high in boxes), boxes[:1]
    assert len(boxes) >= len(EVERY), "each page begins a sheet"
