"""``tfdash gate release``: the calendar as an exit code, by a clock that is checked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.server import api_server, kubeconfig
from tests.unit.report.test_report import check
from tests.unit.store.helpers import CHECKOUT, opened
from tfdash.cli import main
from tfdash.clock import SystemClock
from tfdash.report.schemas import schema

OPEN, CLOSED = "2026-11-24 10:30", "2026-11-24 12:00"  # a Tuesday; the window is half-open
ALWAYS = (
    '[calendar]\ndays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]\nstart = "00:00"\nlength = "24h"\n'
    "blackout_from_day = 0\nblackout_to_day = 0\n"
)
NEVER = '[calendar]\nfreezes = [{ start = "2000-01-01", end = "2100-01-01", reason = "frozen" }]\n'


@pytest.fixture(autouse=True)
def _nothing_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KUBECONFIG", "TFDASH_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    (tmp_path / "home").mkdir()


class Gate:
    """Runs the command in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self._capsys, self._folder = capsys, folder

    def __call__(self, *argv: str, config: str = "") -> tuple[int, str, str]:
        if config:
            path = self._folder / "tfdash.toml"
            path.write_text(config)
            argv = (*argv, "--config", str(path))
        try:
            code = main(["gate", "release", *argv])
        except SystemExit as left:
            code = int(str(left.code))
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def json(self, *argv: str, config: str = "") -> dict[str, Any]:
        code, out, _ = self(*argv, "--format", "json", config=config)
        told: dict[str, Any] = json.loads(out)
        check(told, schema("gate release"))
        counts = told["counts"]
        assert told["exit_code"] == code == (1 if counts["no"] else 2 if counts["unknown"] else 0)
        return told


@pytest.fixture
def gate(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Gate:
    return Gate(capsys, tmp_path)


# -- another time -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "code", "said"),
    [
        (OPEN, 0, "OPEN until 12:00"),
        ("2026-11-24T15:30Z", 0, "OPEN until 12:00"),
        ("2026-11-24T16:30+01:00", 0, "OPEN until 12:00"),
        ("2026-11-24T10:30Z", 1, "opens Tue 24 Nov 10:00"),
        ("2026-11-24 09:59:59", 1, "opens Tue 24 Nov 10:00"),
        ("2026-11-24 10:00", 0, "OPEN"),
        (CLOSED, 1, "opens Thu 26 Nov 10:00"),
        ("2026-11-24", 0, "OPEN"),  # of a day its slot is meant
        ("2026-11-25", 1, "CLOSED"),
        ("2026-12-01", 1, "blackout"),
        ("2026-12-03", 1, "blackout"),
    ],
)
def test_another_time(gate: Gate, at: str, code: int, said: str) -> None:
    got, out, err = gate("--at", at)
    assert (got, err) == (code, "")
    assert said in out
    assert len(out.split("next: ")[1].splitlines()) == 5


def test_a_day_by_its_name(gate: Gate) -> None:
    """Thursdays are open unless one is in the blackout; which it is, the next five slots say."""
    code, out, _ = gate("--at", "Thursday")
    assert code in (0, 1)
    assert ("Thu" in out.splitlines()[1]) if code == 0 else ("blackout" in out)


@pytest.mark.parametrize(
    "at",
    [" ", "soon", "2026-13-01", "10:30", "2026-11-24 25:00", "Thursday 15:00", "Thurday", "Monkey"],
)
def test_what_is_no_time_is_wrong_usage(gate: Gate, at: str) -> None:
    code, out, err = gate("--at", at)
    assert (code, out) == (64, "")
    assert err.startswith("tfdash: --at: ")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("at", "start", "code", "zone"),
    [
        ("2027-03-14", "02:30", 0, "EDT"),  # that morning there is no 02:30: 03:30 is meant
        ("2027-03-14 03:29", "02:30", 1, "EDT"),
        ("2027-03-14 02:30", "02:30", 0, "EDT"),
        ("2027-03-14 01:59", "02:30", 1, "EDT"),
        ("2026-11-01", "01:30", 0, "EDT"),  # that morning there are two
        ("2026-11-01T05:29Z", "01:30", 1, "EDT"),
        ("2026-11-01T05:30Z", "01:30", 0, "EDT"),
        ("2026-11-01T07:29Z", "01:30", 0, "EDT"),  # until 02:30 by the clock on the wall
        ("2026-11-01T07:30Z", "01:30", 1, "EST"),
    ],
)
def test_the_days_on_which_clocks_change(gate: Gate, at: str, start: str, code: int, zone: str) -> None:
    config = f'[calendar]\ndays = ["Sun"]\nstart = "{start}"\nlength = "1h"\nblackout_from_day = 0\nblackout_to_day = 0\n'
    got, out, _ = gate("--at", at, config=config)
    assert got == code, out
    if code == 0:
        assert zone in out.splitlines()[1]


# -- the clock ----------------------------------------------------------------------------------------------------------


def test_now_by_a_clock_that_is_checked(gate: Gate, tmp_path: Path) -> None:
    with api_server(tmp_path) as server:
        assert gate("--kubeconfig", str(server), config=ALWAYS)[0] == 0
        assert gate("--kubeconfig", str(server), config=NEVER)[0] == 1


@pytest.mark.parametrize("skew", [-300.0, 300.0])
def test_two_clocks_that_differ_close_it(gate: Gate, tmp_path: Path, skew: float) -> None:
    with api_server(tmp_path, skew) as server:
        told = gate.json("--kubeconfig", str(server), config=ALWAYS)
        assert (told["exit_code"], told["open"], bool(told["problem"])) == (1, False, True)
        assert gate("--kubeconfig", str(server), "--no-clock-check", config=ALWAYS)[0] == 0
        emergency = ("--emergency-approver", "ann", "--emergency-reason", "payments are down")
        assert gate("--kubeconfig", str(server), *emergency, config=ALWAYS)[0] == 1


def test_the_worst_of_several_clusters_counts_and_one_unknown_is_unknown(gate: Gate, tmp_path: Path) -> None:
    def config(*paths: Path) -> str:
        rows = [f'{{ name = "c{i}", kubeconfig = "{path}" }}' for i, path in enumerate(paths)]
        return f"{ALWAYS}\n[environments.production]\nclusters = [{', '.join(rows)}]\n"

    down = kubeconfig(tmp_path, "http://127.0.0.1:9", "down")
    with api_server(tmp_path, 0.0, "good") as good, api_server(tmp_path, 300.0, "ahead") as ahead:
        assert gate(config=config(good, good))[0] == 0
        told = gate.json(config=config(good, ahead))
        assert told["exit_code"] == 1
        assert told["counts"]["no"] and not told["counts"]["unknown"]
        assert "c1" in told["problem"]
        assert gate.json(config=config(down, ahead))["exit_code"] == 1
        told = gate.json(config=config(good, down))
        assert told["exit_code"] == 2
        assert told["counts"] == {"yes": 1, "no": 0, "unknown": 1}
        assert told["clock_unchecked"].startswith("c1: ")


@pytest.mark.parametrize("how", ["no kubeconfig", "not reached", "no Date"])
def test_a_clock_that_cannot_be_checked_is_unknown_where_it_would_be_open(
    gate: Gate, tmp_path: Path, how: str
) -> None:
    def both(*argv: str) -> None:
        code, out, err = gate(*argv, config=ALWAYS)
        assert code == 2
        assert "OPEN" in out
        assert "the clock was not checked" in err
        assert gate(*argv, config=NEVER)[0] == 1  # closed is closed

    if how == "no kubeconfig":
        both()
    elif how == "not reached":
        both("--kubeconfig", str(kubeconfig(tmp_path, "http://127.0.0.1:9")))
    else:
        with api_server(tmp_path, None) as server:
            both("--kubeconfig", str(server))


# -- the emergency path -------------------------------------------------------------------------------------------------


def test_an_emergency_opens_with_both_and_says_whose_word_it_is(gate: Gate) -> None:
    both = ("--emergency-approver", "Ann\x1b[31m", "--emergency-reason", "payments are down")
    code, out, _ = gate("--at", CLOSED, *both)
    assert code == 0
    assert "payments are down" in out
    assert "nobody vouches for" in out
    assert "\x1b" not in out
    told = gate.json("--at", CLOSED, *both)
    assert told["open"] is False
    assert told["emergency"]["reason"] == "payments are down"


def test_an_emergency_waives_the_calendar_and_no_clock_that_was_not_checked(
    gate: Gate, tmp_path: Path
) -> None:
    asked = ("--kubeconfig", str(kubeconfig(tmp_path, "http://127.0.0.1:9")))
    both = ("--emergency-approver", "ann", "--emergency-reason", "payments are down")
    for config in (ALWAYS, NEVER):
        told = gate.json(*asked, *both, config=config)
        assert (told["exit_code"], told["counts"]) == (2, {"yes": 1, "no": 0, "unknown": 1})
        assert "--no-clock-check leaves that out" in gate(*asked, *both, config=config)[2]
        assert gate.json(*asked, *both, "--no-clock-check", config=config)["exit_code"] == 0


@pytest.mark.parametrize(
    "half", [("--emergency-approver", "ann"), ("--emergency-reason", "payments are down")]
)
def test_half_an_emergency_is_wrong_usage_before_anything_is_asked(gate: Gate, half: tuple[str, str]) -> None:
    code, out, err = gate("--at", CLOSED, *half)
    assert (code, out) == (64, "")
    assert "--emergency-approver and --emergency-reason" in err


# -- JSON and bad configuration -----------------------------------------------------------------------------------------


def test_json_of_an_open_and_a_closed_time(gate: Gate) -> None:
    told = gate.json("--at", OPEN)
    assert (told["open"], told["closes_at"], told["emergency"]) == (True, "2026-11-24T17:00:00Z", None)
    told = gate.json("--at", CLOSED)
    assert (told["open"], told["opens_at"]) == (False, "2026-11-26T15:00:00Z")
    assert gate.json("--at", "2026-11-26", config=NEVER)["freeze"]["reason"] == "frozen"


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ('[calendar]\ndays = ["Someday"]\n', "calendar.days"),
        ("[calendar]\nlenght = 3\n", "calendar.lenght"),
        ('[time]\nzone = "Mars/Olympus"\n', "time.zone"),
        ('[calendar]\nfreezes = [{ start = "2027-01-02", end = "2027-01-01" }]\n', "calendar.freezes"),
        ("[calendar\n", ""),
    ],
)
def test_a_bad_configuration_is_refused_with_file_and_key(gate: Gate, config: str, named: str) -> None:
    code, out, err = gate("--at", OPEN, config=config)
    assert (code, out) == (64, "")
    assert "tfdash.toml" in err
    assert named in err
    assert "Traceback" not in err


# -- what people said in the store --------------------------------------------------------------------------------------


def store(folder: Path) -> str:
    return f'{ALWAYS}\n[store]\npath = "{folder}"\n[environments.production]\n[environments.staging]\n'


async def test_what_people_decided_is_said_and_break_glass_opens_nothing_for_others(
    gate: Gate, tmp_path: Path
) -> None:
    at = opened(tmp_path / "log", SystemClock())
    await at.store.remember_manual(CHECKOUT, "ann", "ann: customers call", "66ff")
    await at.store.break_glass("production", "ann", "payments are down")
    try:
        with api_server(tmp_path) as server:
            asked = ("--kubeconfig", str(server), "-e", "production")
            told = await asyncio.to_thread(gate.json, *asked, config=store(tmp_path / "log"))
            assert (told["exit_code"], told["counts"]["unknown"], told["store_unread"]) == (0, 0, "")
            assert told["decided"] == ["Deployment tf-production/checkout: ann: customers call"]
            assert told["waived"] == "break-glass by ann: payments are down"
            never = store(tmp_path / "log").replace(ALWAYS, NEVER)
            code, out, _ = await asyncio.to_thread(gate, *asked, config=never)
            assert code == 1 and "the calendar stays closed for others" in out
            other = ("--kubeconfig", str(server), "-e", "staging")
            told = await asyncio.to_thread(gate.json, *other, config=store(tmp_path / "log"))
            assert (told["decided"], told["waived"]) == ([], "")
    finally:
        at.store.close()


def test_a_configured_store_that_cannot_be_read_is_not_known(gate: Gate, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with api_server(tmp_path) as server:
        asked = ("--kubeconfig", str(server), "-e", "production")
        for path in (tmp_path / "missing" / "log", tmp_path / "file"):
            told = gate.json(*asked, config=store(path))
            assert (told["exit_code"], told["counts"]) == (2, {"yes": 2, "no": 0, "unknown": 1})
            assert str(tmp_path) in told["store_unread"]
            assert gate.json(*asked, config=store(path).replace(ALWAYS, NEVER))["exit_code"] == 1
        assert not (tmp_path / "missing").exists(), "it is opened for reading"
        assert gate.json("--at", OPEN, "-e", "production", config=store(path))["exit_code"] == 0


def fed(tmp_path: Path, *days: str) -> str:
    """A configuration that is open but for a feed's days; without any the feed is not there."""
    file = tmp_path / "feed.ics"
    if days:
        events = "".join(f"BEGIN:VEVENT\r\nUID:{d}\r\nDTSTART;VALUE=DATE:{d}\r\nEND:VEVENT\r\n" for d in days)
        file.write_text(f"BEGIN:VCALENDAR\r\n{events}END:VCALENDAR\r\n")
    return f'{ALWAYS}feeds = [{{ name = "corp", file = "{file}" }}]\n'


def test_a_feed_closes_its_day(gate: Gate, tmp_path: Path) -> None:
    config = fed(tmp_path, "20261225")
    code, out, _ = gate("--at", "2026-12-25 10:30", config=config)
    assert code == 1 and "without a title (freeze feed corp)" in out
    assert gate("--at", "2026-12-26 10:30", config=config)[0] == 0


def test_a_feed_that_was_never_read_is_not_known_and_no_yes(gate: Gate, tmp_path: Path) -> None:
    told = gate.json("--at", OPEN, config=fed(tmp_path))
    assert (told["exit_code"], told["open"]) == (2, False)
    assert "freeze feed corp was never read (there is no file" in told["why"]
    shut = fed(tmp_path).replace(
        "feeds =", 'freezes = [{ start = "2000-01-01", end = "2100-01-01" }]\nfeeds ='
    )
    assert gate("--at", OPEN, config=shut)[0] == 1
    emergency = ("--emergency-approver", "ann", "--emergency-reason", "fire")
    assert gate("--at", OPEN, *emergency, config=fed(tmp_path))[0] == 0
