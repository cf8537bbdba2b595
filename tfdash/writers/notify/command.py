"""A message to a command of the configuration: no shell, the body on its standard input."""

from __future__ import annotations

from tfdash.notify.channel import Arrival, Outgoing, SendResult
from tfdash.notify.settings import ChannelSettings
from tfdash.process import CommandFailed, CommandNotStarted, how_ended, in_thread, run_command
from tfdash.text import safe, scrubbed
from tfdash.writers.notify.webhook import filled

_LAST = 3  # lines of what it said that are told


class CommandChannel:
    """``tfdash.notify.channel.MessageChannel``. A command that ends with 0 took the message, and none with another code, as mail programs
    do; one that was ended, or ended by a signal, may have."""

    def __init__(self, settings: ChannelSettings) -> None:
        self._settings = settings

    async def send(self, message: Outgoing) -> SendResult:
        argv = words(self._settings.command, message)
        seconds = self._settings.timeout
        body = f"{message.body}\n".encode("utf-8", "replace")
        try:
            done = await in_thread(lambda: run_command(argv, timeout=seconds, given=body))
        except CommandNotStarted as failed:
            return SendResult(arrival=Arrival.NOT_SENT, sentence=safe(str(failed)))
        except CommandFailed as failed:
            return SendResult(arrival=Arrival.UNKNOWN, sentence=f"{safe(str(failed))}; it was ended")
        if done.returncode == 0:
            return SendResult(arrival=Arrival.DELIVERED, sentence=f"{safe(argv[0])} ended with 0")
        said = [
            line
            for line in (done.stderr or done.stdout.decode(errors="replace")).splitlines()
            if line.strip()
        ]
        last = " / ".join(safe(scrubbed(line)) for line in said[-_LAST:]) or "it said nothing"
        sentence = f"{safe(argv[0])} {how_ended(done.returncode)}: {last}"
        if done.returncode < 0:
            return SendResult(arrival=Arrival.UNKNOWN, sentence=sentence)
        return SendResult(arrival=Arrival.NOT_SENT, sentence=sentence)


def words(command: tuple[str, ...], message: Outgoing) -> list[str]:
    """The program and its arguments. Each stays one word, and none that did not begin with "-" does: a blank is put before it."""
    places = message.places()
    found = []
    for part in command:
        word = filled(part, places).replace("\0", "")
        found.append(f" {word}" if word.startswith("-") and not part.startswith("-") else word)
    return found
