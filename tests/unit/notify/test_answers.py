"""Answers of 200 that are none: what services say in them of a message that they did not take."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.notify.hook import answer, hook
from tests.unit.notify.test_channels import OUT
from tests.unit.notify.world import World, message
from tfdash.notify.channel import Arrival, cut, fitted
from tfdash.notify.settings import ChannelSettings
from tfdash.sources.kubernetes.credentials import read_secret
from tfdash.writers.notify.answers import says_no
from tfdash.writers.notify.apprise_channel import AppriseChannel

# the body of an answer with 200, and whether that says that it failed
BODIES = [
    ("ok", False),  # Slack, Mattermost
    ("1", False),  # Teams
    ("Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x", True),
    ('{"ok":true,"result":{"message_id":7}}', False),  # Telegram
    ('{"ok":false,"error":"channel_not_found"}', True),  # Slack's Web API
    ('{"errcode":0,"errmsg":"ok"}', False),  # DingTalk, WeCom
    ('{"errcode":310000,"errmsg":"keywords not in content"}', True),
    ('{"errcode":93000,"errmsg":"invalid webhook url"}', True),
    ('{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}', False),  # Feishu
    ('{"code":19024,"msg":"Key Words Not Found","data":{}}', True),
    ('{"code":200,"message":"success","timestamp":1}', False),  # Bark
    ('{"code":"400","message":"bad"}', True),
    ('{"status":"success","message":"Event processed","dedup_key":"x"}', False),  # PagerDuty
    ('{"status":"fail","data":{"title":"required"}}', True),
    ('{"result":"error","msg":"Stream does not exist"}', True),  # Zulip
    ('{"status":1,"request":"x"}', False),  # Pushover
    ('{"status":0,"errors":["user identifier is invalid"]}', True),
    ('{"id":1,"error_code":null,"error":null,"errors":[]}', False),
    ('{"error":""}', False),
    ("[1, 2]", False),
    ("", False),
    ("{", False),
    ("[" * 100_000, False),
]  # fmt: skip


@pytest.mark.parametrize(("body", "no"), BODIES)
def test_what_an_answer_says_of_a_failure(body: str, no: bool) -> None:
    assert says_no(body.encode()) is no


HTML = "Content-Type: text/html"
ANSWERS = [
    (answer(200, BODIES[2][0]), "unknown"),
    (answer(200, BODIES[4][0]), "unknown"),
    (answer(200, "ok", HTML), "delivered"),  # as Slack calls it
    (answer(204, "", HTML), "delivered"),
    (answer(200, "\n<!doctype html><title>Sign in</title>", HTML), "unknown"),
    (answer(200, '{"ok":true}'), "delivered"),
]


@pytest.mark.parametrize(("said", "state"), ANSWERS)
async def test_a_200_that_is_none_is_told_once_and_as_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, state: str
) -> None:
    with hook(said) as there:
        monkeypatch.setenv("CHAT_HOOK", there.url)
        world = World(tmp_path, {"chat": ChannelSettings(url="env:CHAT_HOOK", timeout=60.0)})
        await world.notifier.tell(message())
        await world.step()
        world.clock.at += 4000
        await world.step(times=2)
        assert (world.row().state, len(there.got)) == (state, 1)
        world.close()


async def test_who_says_what_a_yes_is_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hook(answer(200, '{"error":"none","taken":true}')) as there:
        monkeypatch.setenv("CHAT_HOOK", there.url)
        world = World(tmp_path, {"chat": ChannelSettings(url="env:CHAT_HOOK", expects='"taken":true')})
        await world.notifier.tell(message())
        await world.step()
        assert world.row().state == "delivered"
        world.close()


@pytest.mark.parametrize(
    ("said", "arrival"), [(one, Arrival(state)) for one, state in (ANSWERS[1], ANSWERS[4], ANSWERS[5])]
)
async def test_what_apprise_takes_for_a_yes_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, said: str, arrival: Arrival
) -> None:
    pytest.importorskip("apprise")
    with hook(said) as there:
        monkeypatch.setenv("SERVICE", there.url.replace("http://", "json://"))
        settings = ChannelSettings(kind="apprise", url="env:SERVICE", timeout=60.0)
        assert (await AppriseChannel(settings, read_secret).send(OUT)).arrival is arrival


# -- what is too long -------------------------------------------------------------------------------------------------


def test_what_is_cut_says_so() -> None:
    assert cut("x" * 100, 100) == "x" * 100
    shorter = cut("x" * 3000, 2000)
    assert len(shorter) == 2000 and shorter.endswith("(cut here: no more is taken there)")
    assert cut("x" * 50, 20) == "x" * 20  # there is no room to say it


@pytest.mark.parametrize("most", [100, 160, 2000])
def test_a_long_subject_leaves_room_for_what_is_said(most: int) -> None:
    subject, body = fitted("s" * 200, "b" * 3000, most)
    assert len(f"{subject}\n{body}") == most and len(body) >= most // 2 - 1


async def test_a_channel_gets_no_more_than_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hook(answer(200)) as there:
        monkeypatch.setenv("CHAT_HOOK", there.url)
        fields = (("content", "{text}"),)
        world = World(tmp_path, {"chat": ChannelSettings(url="env:CHAT_HOOK", longest=2000, fields=fields)})
        await world.notifier.tell(message(values={"text": "word " * 1000}))
        await world.step()
        (got,) = there.got
        assert len(got["content"]) <= 2000 and "(cut here" in got["content"]
        world.close()


@pytest.mark.parametrize(
    "service", ["discord://123456789012345678/abcdefghijklmnopqrstuvwxyz", "json://localhost"]
)
def test_a_service_of_apprise_gets_no_more_than_apprise_says_that_it_takes(service: str) -> None:
    apprise = pytest.importorskip("apprise")
    from tfdash.writers.notify.apprise_child import fitting

    told = apprise.Apprise()
    assert told.add(service)
    title, body = fitting("a subject", "x" * 8000, told[0])
    most = told[0].body_maxlen
    assert title == "a subject" and len(title) + 2 + len(body) == min(most, 8000 + len(title) + 2)
