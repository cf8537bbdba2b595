"""[notify]: who is told, by which channels, and with whose templates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal

from tfdash.setting import (
    Between,
    Note,
    Pairs,
    Seconds,
    SecretText,
    SettingsTable,
    Texts,
    Unfit,
    Words,
    check_header,
    refuse,
)

_OF = {  # the keys that one kind has to itself; the first of each kind must be given
    "apprise": ("url",),
    "webhook": ("url", "headers", "fields", "expects"),
    "command": ("command",),
}


@dataclass(frozen=True, kw_only=True)
class ChannelSettings(SettingsTable):
    """One channel: a service of apprise (the extra "notify" of this package), a webhook, or a command. See docs/notify.md."""

    kind: Literal["apprise", "webhook", "command"] = "webhook"
    url: Annotated[
        SecretText,
        Note(
            "its address, by reference: whoever has it can write there. Of apprise: slack://..., mailto://...",
            '"env:SLACK_WEBHOOK"',
        ),
    ] = field(default="", repr=False)
    headers: Annotated[
        Pairs,
        Note("of a webhook; a value may be a secret by reference", '{ Authorization = "env:HOOK_TOKEN" }'),
    ] = field(default=(), repr=False)
    fields: Annotated[
        Pairs,
        Note(
            "the JSON that a webhook gets, with {subject}, {body}, {text} (both), {key}, {template}, {environment}; without it all of these",
            '{ content = "{text}" }',
        ),
    ] = ()
    expects: Annotated[
        str, Note('what stands in the answer of a webhook that took it, as "ok" of Slack\'s; "": any 2xx')
    ] = ""
    command: Annotated[
        Words, Note('["mail", "-s", "{subject}", "ops@example.com"]: gets the body on its standard input')
    ] = ()
    templates: Annotated[
        Texts, Note('the messages that it gets where none names its channels; ["approval", "waits"], ["*"]')
    ] = ("*",)
    markup: Annotated[
        Literal["none", "slack", "markdown"],
        Note("what the other side reads as markup: it is written so that nothing of a message is any"),
    ] = "none"
    longest: Annotated[
        int,
        Between(100, 10_000),
        Note(
            "characters that it takes of subject and body together, as 2000 of Discord's; what is cut says so"
        ),
    ] = 10_000
    rate: Annotated[int, Between(1, 600), Note("messages in a minute, at most")] = 30
    timeout: Annotated[Seconds, Between(1, 300, seconds=True), Note("of one try")] = 15.0
    patience: Annotated[
        Seconds,
        Between(60, 7 * 86_400, seconds=True),
        Note("for how long it is tried again; then it is given up"),
    ] = 3600.0

    def __post_init__(self) -> None:
        refuse(self._faults())

    def _faults(self) -> Iterator[Unfit]:
        wanted = _OF[self.kind][0]
        if not getattr(self, wanted):
            yield Unfit(wanted, f"a channel of the kind {self.kind} needs one")
        plain = {each.name: each.default for each in fields(self)}
        for key in dict.fromkeys(key for keys in _OF.values() for key in keys):
            if key not in _OF[self.kind] and getattr(self, key) != plain[key]:
                of = " or ".join(kind for kind, keys in _OF.items() if key in keys)
                yield Unfit(key, f"is of the kind {of}, and this is {self.kind}; take it out")
        for name, value in self.headers:
            try:
                check_header(name, value)
            except ValueError as error:
                yield Unfit(("headers", name), str(error))
        for key, texts in (("fields", tuple(text for _, text in self.fields)), ("command", self.command)):
            for text in texts:
                if odd := unknown_place(text):
                    yield Unfit(
                        key,
                        f"{{{odd}}} stands for nothing; there is {', '.join(f'{{{one}}}' for one in PLACES)}",
                    )


PLACES = ("subject", "body", "text", "key", "template", "environment")
"""What a channel may put into its fields or its words, as ``{subject}``."""


def unknown_place(text: str) -> str:
    """The first ``{name}`` in ``text`` that stands for nothing, "" where there is none."""
    import re

    return next((name for name in re.findall(r"\{([a-z_]+)\}", text) if name not in PLACES), "")


@dataclass(frozen=True, kw_only=True)
class NotifySettings(SettingsTable):
    """Who is told of procedures. Messages wait on the disk until a channel took them; nothing waits for them. See "tfdash notify --help"."""

    templates: Annotated[
        str, Note('a folder of your own Jinja templates, taken in place of those that ship: "waits.txt"')
    ] = ""
    channels: Annotated[dict[str, ChannelSettings], Note(sample="slack")] = field(default_factory=dict)

    def __post_init__(self) -> None:
        refuse(_named(self.channels))


def _named(channels: dict[str, Any]) -> Iterator[Unfit]:
    for name in channels:
        if not name.strip():
            yield Unfit(("channels", name), "a channel needs a name; write [notify.channels.slack]")
