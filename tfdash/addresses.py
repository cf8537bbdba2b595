"""What in an address or in the body of a request is a secret, or looks like one. Pure; neither is repeated in what is said of it."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from tfdash.text import hold_secret, names_user

_NAMED = re.compile(
    r"(?i)(.*(token|secret|passw|passphrase|api[-_.]?key|access[-_.]?key|auth[-_.]?key|private|credential|signature|session).*"
    r"|key|auth|authorization|bearer|jwt|sig|pass|pw|pwd|code|x[-_]?auth.*)\Z"
)
_NAMED_FIELD = re.compile(
    r"(?i)(.*(token|secret|passw|passphrase|api[-_.]?key|access[-_.]?key|auth[-_.]?key|private[-_.]?key|credential).*"
    r"|authorization|bearer|jwt|pass|pw|pwd)\Z"
)
_FIELD = re.compile(r"""([\w.-]+)["']?\s*[:=]\s*["']?((?:\{[a-z_]+\}|[^"'&,;\s{}\[\]])+)""")
_PLAIN = re.compile(r"true|false|null|-?\d{1,5}")
_KNOWN = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}|(gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|sk_live_|hvs\.)\w{8,}|(AKIA|ASIA)[A-Z0-9]{16}"
)
PROXIES = ("http", "https", "socks5", "socks5h")
_HOST = re.compile(r"[\w~%-]+(\.[\w~%-]+)*\.?")
_PLACE = re.compile(r"\{[a-z_]+\}")
_RANDOM, _LONG_RANDOM = (
    12,
    20,
)  # characters in one piece, of capitals, small letters and digits; of letters and digits


def wrong_with(address: str, schemes: tuple[str, ...] = ("http", "https")) -> str:
    """Why ``address`` leads nowhere, "" where it may lead somewhere. One rule for every setting that holds an address; "{name}"
    stands for what is filled in later. The address is not repeated."""
    if any(char.isspace() or not char.isprintable() for char in address):
        return "holds a blank or a control character"
    address = _PLACE.sub("x", address)
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:  # brackets, or a port beyond 65535
        return "has an impossible port" if "ort" in str(error) else "names no host"
    if parts.scheme not in schemes:
        return f"does not begin with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    if not host:
        return "names no host"
    if not _HOST.fullmatch(host) and ":" not in host:
        return "names a host that cannot be"
    if port == 0:
        return "has an impossible port"
    return 'has a "#", and what follows one is sent to nobody' if "#" in address else ""


def secret_in(address: str) -> str:
    """Which part of ``address`` (with a scheme or without, of a path alone too) is a secret, "" for none."""
    if names_user(address):
        return "a user or a password"
    rest = address.partition("://")[2] or address
    rest, _, fragment = rest.partition("#")
    path, _, query = rest.partition("?")
    if fragment:
        return "what follows a #, which is sent to nobody,"
    for name, value in _pairs(query, path):
        if _NAMED.match(name) and _PLACE.sub("", value):
            return f'the value of "{name}"'
    # not the host: whoever looks up its name is told it, and those of load balancers look random
    place = path.partition("/")[2]
    for part in re.split(r"[/?&;=]", f"{place}?{query}"):
        if looks_secret(unquote(part)):
            return "a part that looks like a token"
    return ""


def looks_secret(text: str) -> bool:
    """Whether it is of the known forms of tokens, or has a piece that nobody would choose as a name."""
    text = _PLACE.sub("/", text)
    if _KNOWN.search(text):
        return True
    for piece in re.split(r"[^A-Za-z0-9]+", text):
        kinds = [bool(re.search(kind, piece)) for kind in ("[A-Z]", "[a-z]", "[0-9]")]
        if kinds[2] and (
            (all(kinds) and len(piece) >= _RANDOM) or (sum(kinds) > 1 and len(piece) >= _LONG_RANDOM)
        ):
            return True
    return False


def hold_parts(address: str) -> str:
    """``address``, of which from now on ``scrubbed`` takes out what may be a secret: it was given by reference."""
    rest = address.partition("://")[2] or address
    user, at, after = rest.rpartition("@")
    if at:
        hold_secret(user.partition(":")[2])
        rest = after
    _, slash, target = rest.partition("/")
    if len(target) >= _RANDOM:
        hold_secret(slash + target)
    path, _, query = target.partition("?")
    for _, value in _pairs(query, path):
        hold_secret(value)
    for part in path.split("/"):
        if looks_secret(part):
            hold_secret(part)
    return hold_secret(address)


def secret_in_body(body: str) -> str:
    """Which part of a body (JSON, a form) is a secret, "" for none."""
    for name, value in _fields(body):
        if _PLACE.sub("", value):
            return f'the value of "{name}"'
    return "a part that looks like a token" if looks_secret(unquote(body)) else ""


def hold_fields(body: str) -> str:
    """``body``, of which from now on ``scrubbed`` takes out what may be a secret: it was given by reference."""
    for _, value in _fields(body):
        hold_secret(value)
        hold_secret(unquote(value))
    for part in re.split(r"""[\s"'&=,;{}\[\]]""", body):
        if looks_secret(part):
            hold_secret(part)
    return hold_secret(body)


def _fields(body: str) -> list[tuple[str, str]]:
    """Those whose name says that a secret follows, with their texts; no number, true, false or null is one."""
    found = [(name, value) for name, value in _FIELD.findall(body) if _NAMED_FIELD.match(name)]
    return [(name, value) for name, value in found if not _PLAIN.fullmatch(value)]


def _pairs(query: str, path: str) -> list[tuple[str, str]]:
    """Names and values in the query, and in the path ("/a;token=x", "/token=x")."""
    texts = (*re.split(r"[&;]", query), *re.split(r"[/;]", path))
    return [
        (unquote(name), value)
        for text in texts
        for name, equal, value in [text.partition("=")]
        if equal and name
    ]
