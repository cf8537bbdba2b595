"""Which proxy a cluster is reached by, as kubectl decides: ``proxy-url``, else HTTPS_PROXY, HTTP_PROXY and NO_PROXY.

The rules are those of Go's golang.org/x/net/http/httpproxy, which differ from those of Python's libraries: NO_PROXY takes
networks (10.0.0.0/8), ports (host:6443) and "*.", a domain covers what is below it, and this machine is never proxied.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from tfdash.addresses import PROXIES, wrong_with
from tfdash.text import hold_secret

_PORTS = {"http": 80, "https": 443}


class NoProxy(ValueError):
    """Not the address of a proxy: one sentence, without the password that it may hold."""


def proxy_for(server: str, given: str, environ: Mapping[str, str]) -> str:
    """The proxy's address, "" for none. ``given`` is the kubeconfig's proxy-url. Raises ``NoProxy``."""
    if given:
        return _checked(given, "proxy-url")
    address = urlsplit(server)
    name = f"{address.scheme}_proxy"
    found = environ.get(name.upper()) or environ.get(name) or ""
    if not found or (name == "http_proxy" and environ.get("REQUEST_METHOD")):  # CGI: a client could set it
        return ""
    excepted = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    if is_excepted(address.hostname or "", address.port or _PORTS.get(address.scheme, 0), excepted):
        return ""
    return _checked(found if "://" in found else f"http://{found}", name.upper())


def _checked(text: str, name: str) -> str:
    if wrong := wrong_with(text, PROXIES):
        raise NoProxy(
            f'{name}: not the address of a proxy: it {wrong}; write it as "http://host:3128" or "socks5://host:1080"'
        )
    address = urlsplit(text)
    for password in (address.password or "", unquote(address.password or "")):
        hold_secret(password)
    return text.replace("socks5h://", "socks5://", 1)  # names are resolved by the proxy, as Go does for both


def is_excepted(host: str, port: int, excepted: str) -> bool:
    """Whether NO_PROXY, or being this machine, keeps ``host`` from the proxy."""
    host = host.lower()
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    return any(_matches(host, port, address, entry.strip().lower()) for entry in excepted.split(","))


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _address(text: str) -> _Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _matches(host: str, port: int, address: _Address | None, entry: str) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        try:
            network = ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
        return address is not None and address in network
    name, at = _split(entry)
    if not name:
        return False
    only = _address(name)
    if only is not None:
        return address == only and at in ("", str(port))
    name = name.removeprefix("*")
    below = name if name.startswith(".") else f".{name}"
    return (host.endswith(below) or host == name) and at in ("", str(port))


def _split(entry: str) -> tuple[str, str]:
    """Host and port, "" for any port."""
    if entry.startswith("["):
        name, _, rest = entry[1:].partition("]")
        return name, rest.removeprefix(":")
    if entry.count(":") == 1:
        name, _, at = entry.partition(":")
        return name, at
    return entry, ""
