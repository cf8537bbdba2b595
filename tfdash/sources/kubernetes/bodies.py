"""Bodies of answers, read no further than is sensible: a server, or what stands before it, may send without an end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx

JSON = "application/json"
LARGEST = 256 << 20
"""Bytes of one answer, unpacked. A page has 500 objects, of which etcd takes no larger ones than 1.5 MiB."""
LONGEST = 16 << 20
"""Bytes of one event of a watch."""
FAILURE = 1 << 20
"""Bytes of an answer that is no success, or of a review's."""


class BodyTooLarge(Exception):
    """More came than anything that was asked for can be."""

    def __init__(self, what: str, most: int) -> None:
        super().__init__(
            f"{what} is larger than {most >> 20} MiB: that is no Kubernetes API, or none that is well"
        )


def check_packing(answer: httpx.Response) -> None:
    """Packed once is what we asked for; packed twice a few bytes become terabytes. Raises ``BodyTooLarge``."""
    if "," in answer.headers.get("Content-Encoding", ""):
        raise BodyTooLarge("an answer that is packed twice", LARGEST)


async def read(answer: httpx.Response, most: int = LARGEST) -> bytes:
    """The whole body. Raises ``BodyTooLarge``.

    Not ``aread()``: it keeps the body in the answer, which lives on in a cycle until the collector comes by.
    """
    chunks, size = [], 0
    async for chunk in answer.aiter_bytes():
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            raise BodyTooLarge("the answer", most)
    return b"".join(chunks)


async def beginning(answer: httpx.Response, most: int = FAILURE) -> bytes:
    """The body as far as ``most``."""
    found = bytearray()
    async for chunk in answer.aiter_bytes():
        found += chunk[: most - len(found)]
        if len(found) >= most:
            break
    return bytes(found)


async def lines(answer: httpx.Response, most: int = LONGEST) -> AsyncIterator[list[bytes]]:
    """The lines that each piece ended, [] for a piece that ended none. Raises ``BodyTooLarge``."""
    rest = bytearray()
    plain = "Content-Encoding" not in answer.headers
    async for chunk in answer.aiter_raw() if plain else answer.aiter_bytes():
        first, newline, others = chunk.partition(b"\n")
        rest += first
        if newline:
            *found, last = others.split(b"\n")
            found.insert(0, bytes(rest))
            rest = bytearray(last)
            yield [line for line in found if line]
        else:
            yield []
        if len(rest) > most:
            raise BodyTooLarge("an event of the watch", most)
