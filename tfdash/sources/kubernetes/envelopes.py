"""What objects come in: lists, watch events, bookmarks, the server's Tables, and its Status."""

from __future__ import annotations

from msgspec import Raw, field
from msgspec.json import Decoder

from tfdash.sources.kubernetes.decoders.wire import Wire


class ListMeta(Wire):
    resource_version: str = ""
    continue_: str = field(name="continue", default="")
    remaining_item_count: int | None = None


class RawList(Wire):
    """A page whose items are decoded one by one: the way out when one of them is malformed."""

    metadata: ListMeta
    kind: str = ""
    items: list[Raw] | None = None


class ListHead(Wire):
    """A page of which only is read whether another follows."""

    metadata: ListMeta


class WatchEvent(Wire):
    type: str
    object: Raw


class StatusObject(Wire):
    message: str = ""
    reason: str = ""
    code: int = 0


class BookmarkMeta(Wire):
    resource_version: str = ""
    annotations: dict[str, str] | None = None


class Bookmark(Wire):
    metadata: BookmarkMeta


# Made once, at import: a type whose first use is by two threads at one time ends the process (msgspec 0.22).
status = Decoder(StatusObject).decode
bookmark = Decoder(Bookmark).decode
list_head = Decoder(ListHead).decode
