"""Sends one message by apprise, in a process of its own that may be ended.

    python -m tfdash.writers.notify.apprise_child

Reads JSON from its standard input (url, title, body, timeout in seconds) and prints JSON (``SendResult``). apprise says no more than whether
it thinks that all went well; whether anything left this machine, and what was answered, is watched beneath it.
"""

from __future__ import annotations

import json
import logging
import smtplib
import socket
import ssl
import sys
from email.utils import formatdate
from typing import Any

from tfdash.connecting import asked_wait
from tfdash.notify.channel import fitted
from tfdash.writers.notify.answers import is_page, says_no

_CONNECT = 5.0
_SENDS = ("POST", "PUT", "PATCH")
_BUSY, _HALF = (408, 425, 429, 500, 503), (502, 504)


class Witness:
    """``codes``: of the answers to what was sent; ``cut``: a request without an answer; ``connected``: something was reached at all;
    ``mail``: a server for mail was spoken to, ``mailed``: it may have taken a mail's text; ``wait``: the longest Retry-After."""

    def __init__(self, timeout: float) -> None:
        self.codes: list[int] = []
        self.cut = self.connected = self.asked = self.mail = self.mailed = False
        self.wait = 0.0
        self.answers: list[Any] = []
        self._timeout = timeout

    def denied(self) -> bool:
        """Whether one that was answered with 2xx says in the answer that it failed, or is a page that asks for a log-in."""
        return any(
            says_no(each.content) or is_page(each.headers.get("Content-Type", ""), each.content)
            for each in self.answers
            if 200 <= each.status_code < 300
        )

    def watch(self) -> None:
        import requests

        adapter, watched = requests.adapters.HTTPAdapter.send, self

        def send(own: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            kwargs["timeout"] = (_CONNECT, watched._timeout)
            watched.asked = watched.asked or request.method in _SENDS
            try:
                answer = adapter(own, request, *args, **kwargs)
            except requests.RequestException as error:
                watched.cut = watched.cut or (request.method in _SENDS and not _never_left(error))
                raise
            if request.method in _SENDS:
                watched.codes.append(answer.status_code)
                watched.answers.append(answer)
                said = answer.headers
                asked = asked_wait(said.get("Retry-After", ""), said.get("Date") or formatdate(usegmt=True))
                watched.wait = max(watched.wait, asked or 0.0)
            return answer

        setattr(requests.adapters.HTTPAdapter, "send", send)  # noqa: B010
        connect, greeted, data = socket.socket.connect, smtplib.SMTP.getreply, smtplib.SMTP.data

        def connecting(own: Any, address: Any) -> Any:
            connect(own, address)
            watched.connected = True

        def greeting(own: Any) -> Any:
            watched.mail = True
            return greeted(own)

        def mailing(own: Any, message: Any) -> Any:
            before, watched.mailed = watched.mailed, True
            code, words = data(own, message)
            watched.mailed = before or code == 250  # of RFC 5321: taken
            return code, words

        setattr(socket.socket, "connect", connecting)  # noqa: B010
        setattr(smtplib.SMTP, "getreply", greeting)  # noqa: B010
        setattr(smtplib.SMTP, "data", mailing)  # noqa: B010


def _never_left(error: BaseException) -> bool:
    """Whether no connection came about, so that nothing was sent on one."""
    import requests
    from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.InvalidURL):
        return True
    beneath: BaseException | None = error
    while beneath is not None:
        if isinstance(beneath, ssl.SSLCertVerificationError):
            return True
        beneath = beneath.__cause__ or beneath.__context__
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def fitting(title: str, body: str, service: Any) -> tuple[str, str]:
    """As much as the service takes of it, by apprise's own knowledge: what is too long is refused by most of them, whole. The title stands
    in the body of some."""
    return fitted(title, body, int(service.body_maxlen), 2)


def judged(good: bool, seen: Witness) -> dict[str, Any]:
    """What ``SendResult`` holds."""
    arrival, again = "unknown", True
    codes = seen.codes
    if good and seen.denied():
        again = False  # what took a part of it may say so of another
    elif good:
        arrival = "delivered"
    elif any(200 <= code < 300 for code in codes):
        again = False  # a part of it is there: whoever has that would be told twice
    elif seen.cut or any(code in _HALF for code in codes):
        arrival = "unknown"
    elif codes:
        arrival = "not sent" if any(code in _BUSY for code in codes) else "refused"
    elif seen.asked or not seen.connected or (seen.mail and not seen.mailed):
        arrival = "not sent"
    return {"arrival": arrival, "sentence": _told(good, seen), "wait": seen.wait, "again": again}


def _told(good: bool, seen: Witness) -> str:
    if good and seen.denied():
        return f"it answered {', '.join(map(str, seen.codes))}, and with no yes"
    if seen.codes:
        return f"it answered {', '.join(map(str, seen.codes))}"
    if good:
        return "taken, as apprise says"
    if seen.cut:
        return "sent, and no answer"
    return "apprise says that it failed" if seen.connected else "nothing there could be connected to"


def main() -> int:
    asked = json.loads(sys.stdin.buffer.read())
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its words may hold addresses
    seen = Witness(float(asked["timeout"]))
    asset = apprise.AppriseAsset(plugin_paths=[], app_id="tfdash", app_desc="tfdash")
    told = apprise.Apprise(asset=asset)
    if not told.add(asked["url"]):
        wrong = "apprise knows no such address, or something is missing in it"
        print(json.dumps({"arrival": "refused", "sentence": wrong, "wait": 0.0, "again": False}))
        return 0
    for service in told:
        service.retry = 0  # what is tried again is decided by who knows what arrived
    seen.watch()
    title, body = fitting(asked["title"], asked["body"], told[0])
    good = bool(told.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT))
    print(json.dumps(judged(good, seen)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
