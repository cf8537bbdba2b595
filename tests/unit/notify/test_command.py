"""``tfdash notify`` as it is typed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.notify.hook import Hook, answer, hook
from tfdash.cli import main


@pytest.fixture
def there() -> Iterator[Hook]:
    with hook() as made:
        yield made


@pytest.fixture
def config(tmp_path: Path, there: Hook, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CHAT_HOOK", there.url)
    path = tmp_path / "c.toml"
    path.write_text(
        f"[environments.production]\n[store]\npath = '{tmp_path}/store'\n[notify]\ntemplates = '{tmp_path}/own'\n"
        "[notify.channels.chat]\nurl = 'env:CHAT_HOOK'\n[notify.channels.paged]\nurl = 'env:NOT_THERE'\ntemplates = ['approval']\n"
    )
    (tmp_path / "own").mkdir()
    return str(path)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["notify", *words])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_a_preview_sends_nothing(config: str, there: Hook, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "preview", "waits", "--value", "step=mend \x1b[31mit", "--config", config)
    assert code == 0 and "to chat:" in out and "paged" not in out
    assert "waits for you: mend ␛[31mit" in out and there.got == []
    code, out, _ = run(capsys, "preview", "approval", "--format", "json", "--config", config)
    assert [one["channel"] for one in json.loads(out)["channels"]] == ["chat", "paged"]


def test_a_template_that_goes_wrong_is_found_before_it_is_needed(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own" / "waits.txt").write_text("{{ steep }}\n")
    code, out, _ = run(capsys, "preview", "waits", "--config", config)
    assert code == 1 and "waits.txt:1" in out and "steep" in out
    (tmp_path / "own" / "waits.txt").write_text("{% if %}\n")
    main(["config", "check", "--config", config])
    assert "notify.templates" in "".join(capsys.readouterr())


def test_a_channel_is_tried_only_when_that_is_said(
    config: str, there: Hook, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "test", "chat", "--config", config)
    assert code == 2 and "--act" in out and "a test of this channel" in err and there.got == []
    code, out, _ = run(capsys, "test", "chat", "--act", "--config", config)
    assert code == 0 and "chat took it" in out and there.got[0]["template"] == "test"
    assert main(["audit", "tail", "--config", config]) == 0
    said = capsys.readouterr().out
    assert "notify.test" in said and "T0AbCdEf99" not in said


@pytest.mark.parametrize(
    ("answered", "code", "words"),
    [
        (answer(403, "no"), 1, "did not take it: it answered 403: no"),
        (answer(503, "later"), 2, "does not have it yet"),
        (answer(200, "<html>", "Content-Type: text/html"), 2, "is not known to have it"),
    ],
)
def test_what_a_channel_answers_to_a_try(
    config: str, there: Hook, capsys: pytest.CaptureFixture[str], answered: str, code: int, words: str
) -> None:
    there.say(answered)
    found, out, _ = run(capsys, "test", "chat", "--act", "--config", config)
    assert found == code and words in out
    found, out, _ = run(capsys, "queue", "--config", config)
    assert found == 1 and "a test of this channel" in out
    _, out, _ = run(capsys, "queue", "--format", "json", "--config", config)
    assert json.loads(out)[0]["channel"] == "chat" and "T0AbCdEf99" not in out


def test_what_is_not_there_is_said(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "queue", "--config", config)[:2] == (0, "nothing waits to be told\n")
    code, _, err = run(capsys, "test", "chatt", "--config", config)
    assert code == 64 and 'did you mean "chat"?' in err
    code, out, _ = run(capsys, "test", "paged", "--act", "--config", config)
    assert code == 1 and "NOT_THERE is not set" in out
