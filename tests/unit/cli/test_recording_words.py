"""Words of recordings that would not be heeded are refused, and what failed leaves nothing in the way of the next try."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfdash.cli import main


@pytest.fixture(autouse=True)
def nothing_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KUBECONFIG", "TFDASH_CONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["snapshot", "--at", "10:00"], "--at: a moment of a recording; name it: --recording FILE"),
        (["snapshot", "--recording", "r", "-e", "staging"], "--environment: "),
        (["snapshot", "--recording", "r", "--context", "c"], "--context: "),
        (["snapshot", "--recording", "r", "--kubeconfig", "k"], "--kubeconfig: "),
        (["snapshot", "--recording", "away"], "--recording: away: No such file"),
        (["record", "--for", "0s"], "0s is no time; without --for it records until ctrl+c"),
    ],
)
def test_what_would_not_be_heeded_is_refused(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(words)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    assert code == 64 and told in capsys.readouterr().err


def test_no_file_is_left_where_nothing_could_be_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.tfrec"
    for words in (["record", str(file)], ["run", "--record", str(file)]):
        assert main(words) == 3
        assert not file.exists()
    assert capsys.readouterr().err.count("no kubeconfig at") == 1
