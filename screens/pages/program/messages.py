"""What was told in passing, and every trouble of a source."""

from __future__ import annotations

from screens.frame.text_page import TextPage
from tfdash.views.times import moment


class MessagesScreen(TextPage):
    title_text = "Messages"

    def lines(self) -> list[str]:
        signs = {"warning": "▲", "information": "·"}
        told = [
            f"{moment(m.at, self.shell.zone)}  {signs.get(m.level, '·')} {m.text}"
            for m in reversed(self.shell.messages.all)
        ]
        return told or [
            "No message yet. What is told in passing, and every trouble of a source, is kept here."
        ]
