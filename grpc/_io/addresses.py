"""Targets and listening addresses: from what a person writes to what a socket takes.

A target is `[scheme:]rest`. Known schemes: `dns:[//authority/]host[:port]`, `ipv4:a[:port]`, `ipv6:[a][:port]`,
`unix:path`, `unix:///path`; without a known scheme it is taken as `dns:`. The default port is 443.
"""

from __future__ import annotations

import socket
from typing import Any, List, NamedTuple, Tuple

DEFAULT_PORT = 443

_LITERAL_FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}


class Address(NamedTuple):
    """One place to connect or bind to."""

    family: int
    sockaddr: Any
    name: str
    """As it is shown to people and to services: `ipv4:127.0.0.1:50051`, `ipv6:[::1]:50051`, `unix:/run/x`."""


def show(family: int, sockaddr: Any) -> str:
    """The address string of a socket's address."""
    if family == socket.AF_INET:
        return f"ipv4:{sockaddr[0]}:{sockaddr[1]}"
    if family == socket.AF_INET6:
        return f"ipv6:[{sockaddr[0]}]:{sockaddr[1]}"
    path = sockaddr.decode("utf-8", "replace") if isinstance(sockaddr, bytes) else sockaddr
    return f"unix:{path}"


def split_target(target: str) -> Tuple[str, str]:
    """The scheme and the rest of a target."""
    scheme, colon, rest = target.partition(":")
    if colon and scheme in ("ipv4", "ipv6", "unix"):
        return scheme, rest
    if colon and scheme == "dns":
        if rest.startswith("//"):
            rest = rest[2:].partition("/")[2]
        return "dns", rest
    return "dns", target


def split_host_port(text: str, default_port: int) -> Tuple[str, int]:
    """The host and the port of `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address.

    Raises:
      ValueError: It is none of these.
    """
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r} is not an address: write an IPv6 address with a port as [address]:port")
        port = rest[1:]
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        host, port = text, ""
    if not port:
        return host, default_port
    if not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{text!r} is not an address: its port must be a number from 0 to 65535, not {port!r}")
    return host, int(port)


def default_authority(target: str) -> str:
    """The `:authority` of calls to a target."""
    scheme, rest = split_target(target)
    return "localhost" if scheme == "unix" else rest


def literal(target: str) -> List[Address]:
    """The addresses of a target that needs no name service, empty if it does need one.

    Raises:
      ValueError: The target cannot be understood.
    """
    scheme, rest = split_target(target)
    if scheme == "unix":
        path = rest[2:] if rest.startswith("//") else rest
        if not path:
            raise ValueError(f"target {target!r} names no path: write unix:path or unix:///absolute/path")
        return [Address(socket.AF_UNIX, path, f"unix:{path}")]
    if not rest:
        raise ValueError(f"target {target!r} names no host: write host:port")
    if scheme in _LITERAL_FAMILIES:
        return [address for part in rest.split(",") for address in _numeric(part, _LITERAL_FAMILIES[scheme], target)]
    try:
        return _look_up(rest, socket.AF_UNSPEC, socket.AI_NUMERICHOST)
    except socket.gaierror:
        return []


def _numeric(text: str, family: int, target: str) -> List[Address]:
    try:
        return _look_up(text, family, socket.AI_NUMERICHOST)
    except socket.gaierror as error:
        raise ValueError(f"target {target!r}: {text!r} is not a numeric address") from error


def resolve(target: str) -> List[Address]:
    """The addresses of a target, in the order in which they are to be tried. Blocks on the name service.

    Raises:
      ValueError: The target cannot be understood.
      OSError: The name service knows no address.
    """
    return literal(target) or _look_up(split_target(target)[1], socket.AF_UNSPEC, 0)


def _look_up(text: str, family: int, flags: int) -> List[Address]:
    host, port = split_host_port(text, DEFAULT_PORT)
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, flags)
    return [Address(entry[0], entry[4], show(entry[0], entry[4])) for entry in found]


def listening(address: str) -> List[Address]:
    """The addresses to bind for a server's port; several where a host has several, the first that works counts.

    Raises:
      ValueError: The address cannot be understood.
      OSError: The name service knows no address.
    """
    scheme, rest = split_target(address)
    if scheme == "unix":
        return literal(address)
    host, port = split_host_port(rest, -1)
    if port < 0:
        raise ValueError(f"address {address!r} names no port: write host:port, with port 0 for any free one")
    if host in ("", "*"):
        host = "::"
    found = socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM, 0, socket.AI_PASSIVE)
    return [Address(entry[0], entry[4], show(entry[0], entry[4])) for entry in found]
