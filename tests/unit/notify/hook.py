"""A real HTTP server that does to each request what a test says, one after the other: answers, hangs, closes in the middle."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

HANG, CLOSE, CUT = "hang", "close", "cut"


def answer(code: int, body: str = "ok", *headers: str) -> str:
    lines = [f"HTTP/1.1 {code} Said", f"Content-Length: {len(body.encode())}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", body])


class Hook:
    """``said``: what is done to the requests; the last one to all that follow. ``got``: the bodies that came whole, as JSON."""

    def __init__(self, *said: str) -> None:
        self._said = list(said or [answer(200)])
        self.got: list[Any] = []
        self.heads: list[str] = []
        self.came = threading.Semaphore(0)
        self._open: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}/services/T0AbCdEf99/hook"
        threading.Thread(target=self._serve, daemon=True).start()

    def say(self, *said: str) -> None:
        self._said = list(said)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self._open.append(connection)
                with contextlib.suppress(OSError):
                    self._one(connection)

    def _one(self, connection: socket.socket) -> None:
        raw = b""
        while b"\r\n\r\n" not in raw:
            more = connection.recv(65536)
            if not more:
                return
            raw += more
        head, _, body = raw.partition(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        while len(body) < length:
            body += connection.recv(65536)
        self.heads.append(head.decode())
        try:
            self.got.append(json.loads(body))
        except ValueError:
            self.got.append(body.decode(errors="replace"))
        said = self._said.pop(0) if len(self._said) > 1 else self._said[0]
        self.came.release()
        if said == HANG:
            return  # it stays open
        if said == CUT:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
        elif said != CLOSE:
            connection.sendall(said.encode())
        connection.close()

    def close(self) -> None:
        self._server.close()
        for connection in self._open:
            connection.close()


@contextlib.contextmanager
def hook(*said: str) -> Iterator[Hook]:
    made = Hook(*said)
    try:
        yield made
    finally:
        made.close()
