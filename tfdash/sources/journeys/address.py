"""Where a journey may connect: resolved once, refused where it is link-local or a cloud's metadata, then pinned."""

from __future__ import annotations

import ipaddress
import socket

from tfdash.process import in_thread

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Services that hand out credentials to whoever reaches them from a machine of the cloud.
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        (
            "169.254.169.254",
            "fd00:ec2::254",  # AWS, Azure, Google, OpenStack, Oracle; AWS over IPv6
            "fd20:ce::254",  # Google over IPv6
            "100.100.100.200",  # Alibaba
            "168.63.129.16",  # Azure's wire server
            "192.0.0.192",  # Oracle, older
        ),
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefused(Exception):
    """The name leads where no journey goes."""


def refusal(address: Address) -> str:
    """Why nobody connects there, or ""."""
    for one in _meant(address):
        if one in _METADATA:
            return "a cloud's metadata service"
        if one.is_link_local:
            return "a link-local address"
        if one.is_multicast or one.is_unspecified:
            return "no address of a host"
    return ""


def _meant(address: Address) -> list[Address]:
    """The address and the IPv4 address that is written into it."""
    found = [address]
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None and int(address) >> 32 == 0 and int(address) > 1:
            inner = ipaddress.IPv4Address(int(address))  # the deprecated ::a.b.c.d
        if inner is not None:
            found.append(inner)
    return found


async def pin(host: str, port: int) -> str:
    """The one address to connect to for ``host``. Raises ``AddressRefused``, or ``OSError`` where it has none.

    One refused address among several refuses the name: a name that leads to both is no honest one.
    """
    rows = await in_thread(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    found = [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in rows]
    if not found:
        raise OSError(f"{host} has no address")
    for address in found:
        why = refusal(address)
        if why:
            raise AddressRefused(f"{host} leads to {address}, {why}")
    return str(found[0])
