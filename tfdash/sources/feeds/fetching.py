"""The bytes of a feed. Blocking, but for ``fetched``. Raises ``FeedUnread``."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from tfdash.model.observation import ProblemKind

MOST = 4 << 20  # bytes
DEADLINE = 20.0  # seconds for an address


class FeedUnread(Exception):
    """Why it could not be read, and what to do."""

    def __init__(self, kind: ProblemKind, cause: str, remedy: str = "") -> None:
        super().__init__(cause)
        self.kind, self.cause, self.remedy = kind, cause, remedy


def _too_large() -> FeedUnread:
    cause = f"it has more than {MOST >> 20} MiB"
    return FeedUnread(ProblemKind.BAD_ANSWER, cause, "give a feed of holidays or freezes alone")


def of_file(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise FeedUnread(
                ProblemKind.CONFIG, f"there is no file {path}", "mend file in [[calendar.feeds]]"
            )
        with path.open("rb") as file:
            data = file.read(MOST + 1)
    except OSError as error:
        raise FeedUnread(ProblemKind.FORBIDDEN, f"{path} cannot be read: {error.strerror or error}") from None
    if len(data) > MOST:
        raise _too_large()
    return data


async def fetched(url: str) -> bytes:
    """What the address serves, as it comes: nothing that is packed is unpacked, and nowhere else is gone. The address is not repeated."""
    import httpx

    try:
        async with (
            asyncio.timeout(DEADLINE),
            httpx.AsyncClient(
                verify=ssl.create_default_context(), timeout=DEADLINE, follow_redirects=False
            ) as client,
            client.stream(
                "GET", url, headers={"Accept": "text/calendar", "Accept-Encoding": "identity"}
            ) as answer,
        ):
            if answer.is_redirect:
                raise FeedUnread(
                    ProblemKind.BAD_ANSWER,
                    f"its address leads on to another ({answer.status_code})",
                    "write the address that it leads to",
                )
            if answer.status_code != 200:
                kind = ProblemKind.FORBIDDEN if answer.status_code in (401, 403) else ProblemKind.SERVER_ERROR
                raise FeedUnread(kind, f"its server answers {answer.status_code}")
            if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise FeedUnread(ProblemKind.BAD_ANSWER, "its server packs what was asked for unpacked")
            data = bytearray()
            async for chunk in answer.aiter_raw():
                data += chunk
                if len(data) > MOST:
                    raise _too_large()
            return bytes(data)
    except TimeoutError:
        raise FeedUnread(ProblemKind.TIMEOUT, f"its server did not serve it within {DEADLINE:g} s") from None
    except httpx.TimeoutException:
        raise FeedUnread(ProblemKind.TIMEOUT, f"its server did not answer within {DEADLINE:g} s") from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError):  # their words are parts of the address
        raise FeedUnread(ProblemKind.CONFIG, "its address, or a proxy's, cannot be asked") from None
    except (httpx.HTTPError, OSError) as error:
        raise FeedUnread(
            ProblemKind.UNREACHABLE, f"its server is not reached: {error or type(error).__name__}"
        ) from None
