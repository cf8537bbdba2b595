"""Reads lists as ``tfdash`` reads them and makes nothing of them: what the same requests cost by themselves, as a process of its own.

On standard input a JSON object: ``host``, ``port``, ``ca`` (a file), ``authorization`` and ``paths``, of which each has a connection and a thread. Told
on standard output: requests, answers that were no success, and bytes.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import sys
import threading
import zlib
from urllib.parse import quote

_CONTINUE = re.compile(rb'"continue":"([^"]*)"')  # it stands in front of the items
_HEAD = 2048


def main() -> None:
    asked = json.load(sys.stdin)
    context = ssl.create_default_context(cafile=asked["ca"])
    headers = {
        "Authorization": asked["authorization"],
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
    }
    told: list[tuple[int, int, int]] = []

    def read(path: str) -> None:
        connection = http.client.HTTPSConnection(asked["host"], asked["port"], context=context)
        requests = refused = size = 0
        more = ""
        while True:
            connection.request("GET", path + more, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.getheader("Content-Encoding") == "gzip":
                body = zlib.decompress(body, wbits=31)
            requests, refused, size = requests + 1, refused + (answer.status != 200), size + len(body)
            found = _CONTINUE.search(body, 0, _HEAD) if "limit=" in path else None
            if found is None or not found[1]:
                break
            more = f"&continue={quote(found[1].decode())}"
        told.append((requests, refused, size))

    threads = [threading.Thread(target=read, args=(path,)) for path in asked["paths"]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps([sum(column) for column in zip(*told, strict=True)]))


if __name__ == "__main__":
    main()
