"""``tfdash calendar sign-off`` and ``adopt`` against the simulated API server, which says who we are, and a real store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.test_calendar import BACKUP, DRILL, ITEMS
from tfdash.cli import main
from tfdash.clock import SystemClock
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import DemoProcess, start_process
from tfdash.model.maintenance import EvidenceKind, MaintenanceRecord, item_subject
from tfdash.store.opening import StoreOptions, open_store


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    with start_process(DemoOptions(seed=7, scenario="calm")) as running:
        yield running


class Desk:
    """A configuration over the simulated platform; calling it runs ``tfdash calendar``."""

    def __init__(self, folder: Path, demo: DemoProcess, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, self._folder, self.store = capsys, folder, folder / "store"
        self.path = folder / "tfdash.toml"
        self.path.write_text(
            f'[store]\npath = "{self.store}"\n[environments.production]\n[[environments.production.clusters]]\n'
            f'name = "eu-1"\nkubeconfig = "{demo.kubeconfig}"\ncontext = "production"\n'
            f"[environments.staging]\n[[environments.staging.clusters]]\n"
            f'name = "s-1"\nkubeconfig = "{demo.kubeconfig}"\ncontext = "staging"\n{ITEMS}'
        )

    def __call__(self, *argv: str) -> tuple[int, str, str]:
        code = main(["calendar", *argv, "--config", str(self.path)])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def adopt(self, text: str, *more: str) -> tuple[int, str, str]:
        file = self._folder / "dates.csv"
        file.write_text(text)
        return self("adopt", str(file), *more)

    def record(self) -> MaintenanceRecord:
        """What another terminal finds there."""
        made = open_store(StoreOptions(path=str(self.store)), SystemClock(), acting=False, reading=True)
        import asyncio

        asyncio.run(made.source.load())
        found = made.store.state().maintenance
        made.store.close()
        return found


@pytest.fixture
def desk(
    tmp_path: Path, demo: DemoProcess, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    for name in ("KUBECONFIG", "TFDASH_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return Desk(tmp_path, demo, capsys)


def test_a_sign_off_is_recorded_as_whom_the_server_knows(desk: Desk, tmp_path: Path) -> None:
    proof = tmp_path / "minutes.txt"
    proof.write_bytes(b"restored in 41 minutes")
    given = ("--done", "2026-01-01 09:00", "--note", "restored it", "--proof", str(proof))
    code, out, err = desk("sign-off", "drill", *given)
    assert code == 2 and "Restore drill counts as done on 2026-01-01" in out
    assert "(production)" in out  # which was not named
    assert "--act records it" in err and not desk.store.exists()
    code, out, err = desk("sign-off", "drill", *given, "--act")
    assert (code, err) == (0, "") and "signs drill as done on 2026-01-01" in out
    (done,) = desk.record().completions[DRILL]
    assert (done.evidence, done.note) == (EvidenceKind.SIGNED, "restored it")
    assert done.digest == hashlib.sha256(b"restored in 41 minutes").hexdigest()
    assert done.by and done.by in out


@pytest.mark.parametrize(
    ("argv", "code", "told"),
    [
        (("sign-off", "dril", "--act", "--note", "done"), 64, 'did you mean "drill"?'),
        (("sign-off", "backup", "--act", "--note", "done"), 64, "say which by --place: production main, "),
        (
            ("sign-off", "backup", "--place", "production mian", "--act", "--note", "x y"),
            64,
            "production main",
        ),
        (("sign-off", "drill", "--act"), 64, "no reason is given"),
        (("sign-off", "drill", "--act", "--note", "done", "--proof", "/"), 64, "/ is no file"),
        (("sign-off", "drill", "--act", "--note", "x"), 64, "'x' is too short for a reason"),
        (("sign-off", "drill", "--act", "--note", "done", "--done", "2099-01-01"), 64, "lies ahead"),
        (("sign-off", "drill", "--act", "--note", "done", "--proof", "/none"), 64, "there is no file"),
        (
            ("sign-off", "drill", "--act", "--note", "done", "--proof", "/dev/zero"),
            64,
            "/dev/zero is no file",
        ),
        (("sign-off", "drill", "--act", "--note", "done", "--done", "1960-01-01"), 64, "1970 to 2999"),
        (("sign-off", "drill", "--act", "--note", "done", "--place", "staging"), 64, "staging is only read"),
    ],
)
def test_what_cannot_be_signed_is_one_sentence(
    desk: Desk, argv: tuple[str, ...], code: int, told: str
) -> None:
    for words in (argv, tuple(word for word in argv if word != "--act")):  # the remedy of the latter is --act
        got, out, err = desk(*words)
        assert (got, out) == (code, "") and told in err
    assert not desk.record().completions


def test_a_list_is_taken_over_whole(desk: Desk) -> None:
    text = (
        "item,place,done,start\ndrill,production,2026-01-01,2026-01-01\nbackup,production main,2026-01-02,\n"
    )
    code, out, err = desk.adopt(text)
    assert code == 2 and len(out.splitlines()) == 2 and "--act records it" in err
    code, out, err = desk.adopt(text, "--act")
    assert (code, err, len(out.splitlines())) == (0, "", 2)
    found = desk.record()
    (done,) = found.completions[DRILL]
    assert (done.evidence, done.note) == (EvidenceKind.IMPORTED, "from dates.csv")
    assert set(found.completions) == {DRILL, BACKUP} and set(found.started) == {DRILL}
    code, out, err = desk.adopt("item,place,start\ndrill,production,2026-06-01\n", "--act")
    assert code == 64 and "dates.csv:2: account is kept from 2026-01-01" in err  # is not put off


HEAD = "item,place,done,start\n"
GOOD = HEAD + "drill,production,2026-01-01,\n"
MANY = HEAD + "drill,production,2026-01-01,\n" * 30_000


@pytest.mark.parametrize(
    ("data", "code", "told", "lines"),
    [
        (("\ufeff" + GOOD).encode(), 2, "Restore drill was done on 2026-01-01", 1),
        (GOOD.replace("\n", "\r\n").encode(), 2, "dates.csv:2: Restore drill", 1),
        (GOOD.replace("\n", "\r").encode(), 2, "dates.csv:2: Restore drill", 1),
        (GOOD.replace(",", ";").encode(), 2, "dates.csv:2: Restore drill", 1),
        (GOOD.replace(",", "\t").encode(), 2, "dates.csv:2: Restore drill", 1),
        (GOOD.rstrip("\n").encode(), 2, "dates.csv:2: Restore drill", 1),
        (b" Item , Place , Done \n drill , production , 2026-01-01 \n", 2, "was done on 2026-01-01", 1),
        (f"{HEAD}drill,production,2026-01-01T10:00:00+02:00,\n".encode(), 2, "was done on 2026-01-01 03:00 EST", 1),
        (GOOD.encode("utf-16"), 64, "is no UTF-8", 1),
        (b"", 64, "dates.csv:1: the first line names the columns", 1),
        (b"item,place,done,done\ndrill,production,2026-01-01,\n", 64, "dates.csv:1: the first line names", 1),
        (f'{HEAD}"drill,production,2026-01-01,\n'.encode(), 64, "dates.csv:2: unexpected end of data", 1),
        (f'{HEAD}{"x" * 200_000},production,2026-01-01,\n'.encode(), 64, "dates.csv:2: field larger than", 1),
        (f"{HEAD}drill,production,2099-01-01,\n".encode(), 64, "dates.csv:2: 2099-01-01 00:00 EST lies ahead", 1),
        (f"{HEAD}drill,production,,2099-01-01\n".encode(), 64, "lies more than a year ahead", 1),
        (f"{HEAD}drill,produ\0ction,2026-01-01,\n".encode(), 64, 'at "produ␀ction"', 1),
        (MANY.encode(), 64, "and 29,949 faults more", 51),
        (MANY.encode() * 2, 64, "is larger than 1,000,000 bytes", 1),
    ],
    ids=["bom", "crlf", "cr", "semicolons", "tabs", "no end", "blanks", "zone", "utf-16", "nothing", "column twice", "quote", "long",
         "future", "far start", "nul", "many", "large"],
)  # fmt: skip
def test_whatever_a_spreadsheet_writes_is_read_or_refused_in_a_sentence(
    desk: Desk, tmp_path: Path, data: bytes, code: int, told: str, lines: int
) -> None:
    (tmp_path / "dates.csv").write_bytes(data)
    got, out, err = desk("adopt", str(tmp_path / "dates.csv"))
    assert got == code and told in (out if code == 2 else err)
    assert len((out if code == 2 else err).splitlines()) == lines


def test_of_a_list_with_a_bad_line_nothing_is_taken_and_each_is_named(desk: Desk) -> None:
    rows = [
        "drill,production,2026-01-01,",
        "dril,production,2026-01-01,",
        "backup,,2026-01-01,",
        "drill,staging,Thursday,",
        "drill,prod,2026-01-01,",
        "backup,production main,,",
        "drill,production,2026-01-02,",
        "drill,production,2026-01-01,,,",
        '"\x1b[31mred",production,2026-01-01,',
    ]
    code, out, err = desk.adopt("item,place,done,start\n" + "\n".join(rows) + "\n", "--act")
    assert (code, out) == (64, "")
    told = err.splitlines()
    assert [line.split(": ")[1] for line in told] == [f"dates.csv:{n}" for n in (3, 4, 5, 6, 7, 8, 9, 10)]
    words = ('"drill"', "several places", "no time", '"prod"', "neither done", "line 2", '"quotes"', "red")
    assert all(word in line for word, line in zip(words, told, strict=True))
    assert "\x1b" not in err and not desk.record().completions


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "names the columns"),
        ("what,when\na,b\n", "names the columns"),
        ("item,item\ndrill,drill\n", "names the columns"),
        ("item,place,done\n", "no line below"),
        ('item,place,done\n"drill,production,2026-01-01\n', "comma-separated"),
        ("item,done\ndrill,2099-01-01\n", "several places"),
        ("item,place,done\ndrill,production,2099-01-01\n", "lies ahead"),
        ("item,place,done\ndrill,production,1960-01-01\n", "lies outside of the years 1970 to 2999"),
        ("item,place,start\ndrill,production,9999-12-31\n", "lies outside of the years 1970 to 2999"),
    ],
)
def test_a_file_that_is_no_such_list(desk: Desk, text: str, told: str) -> None:
    code, out, err = desk.adopt(text, "--act")
    assert (code, out) == (64, "") and told in err and "dates.csv" in err


def test_an_export_of_a_runbook_is_remembered_where_it_is_asked_for(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What its promise is kept by: the file, with its digest, and who wrote it."""
    where = ("procedures", "export", "service-failure", "--config", str(desk.path))
    file = tmp_path / "r.html"
    asked = (*where, "--environment", "production", "--filled", "--format", "html", "-o", str(file))
    assert main([*where, "--act"]) == 64 and "--filled, too" in capsys.readouterr().err
    assert main([*asked]) == 0 and "--act records it for the calendar" in capsys.readouterr().err
    assert main([*asked, "--act"]) == 0, capsys.readouterr().err
    item = item_subject("runbook-export-service-failure", "production")
    (only,) = desk.record().completions[item]
    assert only.digest == hashlib.sha256(file.read_bytes()).hexdigest()
    assert only.note == f"html of eu-1, into {file}" and only.by.startswith("export of ")
    _, out, _ = desk("list", "--item", "runbook-export-service-failure", "--format", "json")
    assert "export of" in out, out
