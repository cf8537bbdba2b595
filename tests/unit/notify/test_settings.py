"""[notify] as it is written: what cannot be meant is refused, with its key."""

from __future__ import annotations

import pytest

from tfdash.config.load import parse
from tfdash.config.problems import ConfigError
from tfdash.notify.channel import Outgoing
from tfdash.notify.settings import PLACES


@pytest.mark.parametrize(
    ("table", "key", "words"),
    [
        ("kind = 'webhook'", "url", "needs one"),
        ("kind = 'command'", "command", "needs one"),
        ("kind = 'apprise'\nurl = 'env:X'\nexpects = 'ok'", "expects", "is of the kind webhook"),
        ("url = 'env:X'\ncommand = ['mail']", "command", "is of the kind command"),
        ("url = 'https://hooks.example.com/T0/B0/s3cr3t'", "url", "by reference only"),
        (
            "url = 'env:X'\nheaders = { Authorization = 'Bearer s3cr3t-s3cr3t' }",
            "headers.Authorization",
            "is a secret",
        ),
        ("url = 'env:X'\nfields = { text = '{sujet}' }", "fields", "{sujet} stands for nothing"),
        ("kind = 'command'\ncommand = ['mail', '{to}']", "command", "{to} stands for nothing"),
        ("url = 'env:X'\nrate = 0", "rate", "out of range"),
        ("url = 'env:X'\npatience = '1s'", "patience", "out of range"),
        ("url = 'env:X'\nmarkup = 'html'", "markup", ""),
        ("kind = 'slack'\nurl = 'env:X'", "kind", ""),
    ],
)
def test_what_cannot_be_meant_is_refused(table: str, key: str, words: str) -> None:
    with pytest.raises(ConfigError) as told:
        parse(f"[notify.channels.chat]\n{table}\n", "c.toml")
    assert f"notify.channels.chat.{key}" in str(told.value) and words in str(told.value)
    assert "s3cr3t" not in str(told.value)


def test_what_a_channel_may_put_in_is_what_there_is() -> None:
    out = Outgoing(key="k", template="t", subject="s", body="b")
    assert sorted(PLACES) == sorted(out.places())


def test_a_channel_of_each_kind() -> None:
    found = parse(
        "[notify.channels.a]\nurl = 'env:X'\n[notify.channels.b]\nkind = 'apprise'\nurl = 'file:~/x'\n"
        "[notify.channels.c]\nkind = 'command'\ncommand = ['mail', '-s', '{subject}', 'ops@example.com']\n",
        "c.toml",
    ).notify.channels
    assert [channel.kind for channel in found.values()] == ["webhook", "apprise", "command"]
    assert "env:X" not in repr(found["a"])
