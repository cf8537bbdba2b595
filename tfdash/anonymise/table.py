"""The table of one file: which alias stands for which original, and any text without the originals.

One original has one alias wherever it stands, so that what belonged together still does. Numbers are drawn by chance: neither an alias
nor its order tells anything of the original, and the table is not in the file.
"""

from __future__ import annotations

import json
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tfdash.anonymise.words import KEPT, WORDS, known_domain, message_word, plain, quotable, said

_SEGMENT = re.compile(r"[^\W_]+")
_ESCAPED = re.compile(
    r"""(%[2-7][0-9A-Fa-f]|\\[nrt]|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2})(\w[^\s%\\"']{0,300})"""
)
"""What stands behind a character that an address or a quoted text writes otherwise: "payments" of ``shop%2Fpayments``."""
_JOINS = tuple("/\"'`=-@<>{}[]")
_OURSELVES = ("rules", "tfdash")  # the program, where it says something by itself
LEFT_OUT = "…"
_MOST_TEXTS = 20_000
_PLAIN = r"""(?P<time>\b\d{4}-\d\d-\d\dT\d\d:\d\d[\d:.Z+-]{0,20})
|(?P<url>\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s"'<>,;()\[\]{}]+)
|(?P<person>[\w.+-]{1,80}@[\w-]{1,80}(?:\.[\w-]{1,80}){0,8})
|(?P<digest>\bsha(?:256|512):[0-9a-fA-F]{8,128}|\b[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){7,63}\b|\b[0-9a-fA-F]{32,128}\b)
|(?P<address>(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?![\w.]*\.\d)|(?<![\w:])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){3,7}(?![\w:]))
|(?P<path>(?<![\w./:])~?(?:/[\w.@+-]{1,120}){2,40})
|(?P<host>(?<![\w-])(?:[\w-]{1,63}\.){1,8}(?:com|net|org|io|dev|de|eu|uk|us|cloud|local|internal|corp|lan|example|test|info|biz|app|ai|co|svc|intra|home|int|gov|edu)\b(?!\())
|"(?P<quoted>\w(?:[^\s"]{0,120}\w)?)"|'(?P<single>\w[^\s']{0,120}\w)'|`(?P<ticked>\w(?:[^\s`]{0,120}\w)?)`
|(?P<numbered>(?<![\w.-])(?=[\w.-]{0,250}\d)(?=[\w.-]{0,250}[A-Za-z])\w[\w.]{0,250}(?:-[\w.]{1,250}){1,30}(?<!\.))"""
_PATTERNS = re.compile(_PLAIN, re.VERBOSE)
_FOREIGN = re.compile(_PLAIN + r"|(?P<joined>\w+(?:[-._/:]\w+){1,60})|(?P<word>[^\W\d_]{3,80})", re.VERBOSE)
_MAC_OR_TIME = re.compile(r"[\d:]+")
_LOOPBACK = re.compile(r"127\.\d+\.\d+\.\d+|0\.0\.0\.0|::1?")
_API_PATH = re.compile(r"/(?:apis?|openapi|version|healthz|livez|readyz|metrics)(?:/|$)")


class AliasTable:
    """``below``: a number by chance, at least 0 and below what it is given. ``grown`` counts what a text may hold that it could not before.
    Not for several threads."""

    def __init__(self, below: Callable[[int], int] = secrets.randbelow) -> None:
        self._below = below
        self.aliases: dict[str, str] = {}
        self._given: set[str] = set(KEPT)
        self._counts: dict[str, int] = {}
        self._exact: dict[str, str] = {}
        self._folded: dict[str, str] = {}
        self._starts: dict[str, tuple[int, ...]] = {}  # by first segment: how many segments such names have
        self._texts: dict[tuple[str, frozenset[str], re.Pattern[str]], str] = {}
        self._coming: dict[str, tuple[str, str]] = {}  # original: its owner, "" for none, and the noun
        self._gathering = 0
        self.grown = 0
        for name in KEPT:
            self._index(name, name)

    # -- names --------------------------------------------------------------------------------------------------

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Names that are met meanwhile have their aliases at its end: then no alias is what one of them is called. What is met first
        is numbered first; ``alias`` gives the original until then."""
        self._gathering += 1
        try:
            yield
        finally:
            self._gathering -= 1
            if not self._gathering:
                for original, (owner, noun) in self._coming.items():
                    if original not in self.aliases:
                        self._drawn(original, owner, noun)
                self._coming.clear()

    def alias(self, original: str, noun: str) -> str:
        """Of a name: the one that it has, or a new ``noun``-number."""
        if not original or original in KEPT:
            return original
        known = self.aliases.get(original)
        return known if known is not None else self._named(original, "", noun)

    def below_of(self, original: str, owner: str, noun: str) -> str:
        """Of what is named after its owner (a pod, a ReplicaSet): the owner's alias and a number."""
        known = self.aliases.get(original)
        return known if known is not None else self._named(original, owner, noun)

    def _named(self, original: str, owner: str, noun: str) -> str:
        if not self._gathering:
            return self._drawn(original, owner, noun)
        if owner and owner not in self.aliases and owner not in KEPT:
            self._coming.setdefault(owner, ("", noun))
        self._coming.setdefault(original, (owner, noun))
        return original

    def _drawn(self, original: str, owner: str, noun: str) -> str:
        if not owner:
            return self._new(original, noun)
        owned, grown = self.alias(owner, noun), self.grown
        made = self._new(original, owned)
        self.grown = grown  # a text that has it is rewritten by its owner's name
        return made

    def _new(self, original: str, noun: str) -> str:
        count = self._counts[noun] = self._counts.get(noun, 0) + 1
        room = 2 * count + 20
        while True:
            alias = f"{noun}-{self._below(room) + 1}"
            room += 1 + room // 8  # where others are called so, there must be room beyond them
            if not (alias in self._given or alias in self.aliases or alias in self._coming):
                break
        self._given.add(alias)
        self.aliases[original] = alias
        self._index(original, alias)
        return alias

    def _index(self, original: str, alias: str) -> None:
        name = unicodedata.normalize("NFC", original)
        found = list(_SEGMENT.finditer(name))
        core = name[found[0].start() : found[-1].end()] if found else ""
        if not core or (core.isdecimal() and len(core) < 6):
            return  # a number in a sentence is no name
        self.grown += 1
        self._texts.clear()
        self._exact[core] = alias
        self._folded.setdefault(_folded(core), alias)
        first, many = found[0][0].casefold(), len(found)
        lengths = self._starts.get(first, ())
        if many not in lengths:
            self._starts[first] = tuple(sorted((*lengths, many), reverse=True))

    # -- texts --------------------------------------------------------------------------------------------------

    def text(self, text: str, about: frozenset[str] = frozenset()) -> str:
        """Without any name that is known, in whatever case, the longest first; and without what is plainly one. ``about``: names of what it
        tells of, which are names in it though they are words as well."""
        return self._made(text, about, _PATTERNS)

    def foreign(self, text: str, about: frozenset[str] = frozenset()) -> str:
        """The same of what others wrote: what is put together of several parts is a name, unless all of them are words or numbers; and a
        single word that messages do not consist of is left out, since it may be the name of what is known no more, or not yet."""
        return self._made(text, about, _FOREIGN)

    def _made(self, text: str, about: frozenset[str], patterns: re.Pattern[str]) -> str:
        if not text:
            return text
        made = self._texts.get((text, about, patterns))
        if made is None:
            made = self._rewritten(unicodedata.normalize("NFC", text), about, patterns)
            if len(self._texts) >= _MOST_TEXTS:
                self._texts.clear()
            self._texts[text, about, patterns] = made
        return made

    def _rewritten(self, text: str, about: frozenset[str], patterns: re.Pattern[str]) -> str:
        """Plain patterns are looked for in what lies between the known names: what they find becomes known."""
        pieces: list[str] = []
        done = at = 0
        segments = [m.span() for m in _SEGMENT.finditer(text)]
        while at < len(segments):
            start = segments[at][0]
            for many in self._starts.get(text[start : segments[at][1]].casefold(), ()):
                if at + many > len(segments):
                    continue
                end = segments[at + many - 1][1]
                core = text[start:end]
                alias = self._exact.get(core) or self._folded.get(_folded(core))
                if alias is None or not (
                    core.casefold() not in WORDS or core in about or _as_a_name(text, start, end)
                ):
                    continue
                pieces += (self._patterns(text[done:start], patterns), core if alias in KEPT else alias)
                done = end
                at += many - 1
                break
            at += 1
        pieces.append(self._patterns(text[done:], patterns))
        made = "".join(pieces)
        return _ESCAPED.sub(lambda m: m[1] + self._rewritten(m[2], about, patterns), made)

    def _patterns(self, text: str, patterns: re.Pattern[str]) -> str:
        return patterns.sub(self._plainly, text) if len(text) > 2 else text

    def _plainly(self, match: re.Match[str]) -> str:
        what, whole = match.lastgroup or "", match.group()
        found = match[what]
        if what == "time":
            return whole
        if what == "url":
            return self.url(found)
        if what in ("quoted", "single", "ticked"):
            if quotable(found) or "<" in found:
                return whole
            sign = whole[0]
            inner = self._patterns(found, _PATTERNS)
            return f"{sign}{inner if inner != found else self.alias(found, 'name')}{sign}"
        if what == "word":
            return whole if message_word(whole) else LEFT_OUT
        if what in ("numbered", "joined"):
            return whole if said(found) else self.alias(found, "name")
        if what == "address" and (_LOOPBACK.fullmatch(found) or _MAC_OR_TIME.fullmatch(found)):
            return whole
        if (what == "path" and _API_PATH.match(found)) or (what == "host" and known_domain(found)):
            return whole
        return self.alias(found, what)

    def url(self, url: str) -> str:
        """The scheme stays; the host is one name, all behind it another."""
        scheme, sign, rest = url.partition("://")
        if not sign:
            return self.alias(url, "address")
        host, slash, path = rest.partition("/")
        name, colon, port = host.rpartition(":") if host.rpartition(":")[2].isdecimal() else (host, "", "")
        made = name if _LOOPBACK.fullmatch(name) else self.alias(name, "host")
        return f"{scheme}://{made}{colon}{port}{slash}{self.alias(path, 'path')}"

    def image(self, image: str) -> str:
        """``host/repository:tag@digest``: the repository is one name; a tag that is a version stays."""
        rest, at, digest = image.partition("@")
        path, colon, tag = rest.rpartition(":")
        if not colon or "/" in tag:
            path, colon, tag = rest, "", ""
        host, slash, repository = path.partition("/")
        if not slash or not ("." in host or ":" in host):
            host, slash, repository = "", "", path
        made = (self.alias(host, "host") if host else "") + slash + self.alias(repository, "image")
        made += colon + (tag if plain(tag) else self.alias(tag, "tag"))
        return made + at + self.alias(digest, "digest")

    def person(self, name: str) -> str:
        """Service accounts keep their form, so that their namespace is that of the others."""
        head, sign, rest = name.partition(":serviceaccount:")
        if sign:
            namespace, colon, account = rest.partition(":")
            return f"{head}{sign}{self.alias(namespace, 'namespace')}{colon}{self.alias(account, 'account')}"
        if name.startswith("system:node:"):
            return f"system:node:{self.alias(name[12:], 'node')}"
        return name if name in _OURSELVES else self.alias(name, "person")

    def told(self) -> str:
        """The table, as JSON: for who made the file, and never in it."""
        return json.dumps(
            {alias: original for original, alias in self.aliases.items()}, indent=1, sort_keys=True
        )


def _folded(name: str) -> str:
    """As it may be written elsewhere: in capitals, or as metrics and variables spell it (``billing_api``)."""
    return name.casefold().replace("_", "-").replace(".", "-")


def _as_a_name(text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - 1) : start], text[end : end + 2]
    return (
        before in _JOINS
        or after[:1] in _JOINS
        or after[:1] == ":"
        or (after[:1] == "." and after[1:].isalnum())
    )
