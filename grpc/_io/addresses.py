"""Targets and listening addresses: from what a person writes to what a socket takes, and back.

A target is `[scheme:]rest`:

    dns:[//name-server/]host[:port]     one name, all its addresses
    ipv4:a[:port][,b[:port]...]         numeric addresses, tried in order
    ipv6:[a][:port][,[b][:port]...]
    unix:path  unix:///absolute/path    a socket file
    unix-abstract:name                  a socket without a file (Linux)

Without a known scheme it is taken as `dns:`. The default port is 443. What follows the scheme may be percent-encoded. A
name server named by a target is not asked for addresses: names are resolved as the system does. See `text_records` for
what it is asked.

A server's listening address is the same but for lists and the default port; an empty host or `*` stands for all
addresses of the machine.
"""

from __future__ import annotations

import socket
import urllib.parse
from typing import Any, List, Tuple

from grpc._io.contract import Address

DEFAULT_PORT = 443

_UNIX = getattr(socket, "AF_UNIX", None)  # not everywhere
_SCHEMES = ("dns", "ipv4", "ipv6", "unix", "unix-abstract")
_NUMERIC_FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
_MAPPED = "::ffff:"


# ------------------------------------------------------------ showing


def show(family: int, sockaddr: Any) -> str:
    """The address string of a socket's address, such as `ipv4:127.0.0.1:50051`."""
    if family == socket.AF_INET:
        return f"ipv4:{sockaddr[0]}:{sockaddr[1]}"
    if family == socket.AF_INET6:
        host, port = sockaddr[:2]
        if host.startswith(_MAPPED) and "." in host:
            return f"ipv4:{host[len(_MAPPED):]}:{port}"  # an IPv4 peer of a socket that takes both
        scope = f"%{sockaddr[3]}" if len(sockaddr) > 3 and sockaddr[3] and "%" not in host else ""
        return f"ipv6:[{host}{scope}]:{port}"
    name: bytes = sockaddr.encode("utf-8", "surrogateescape") if isinstance(sockaddr, str) else sockaddr
    if name[:1] == b"\0":
        return "unix-abstract:" + name[1:].decode("utf-8", "backslashreplace").replace("\0", "%00")
    return "unix:" + name.decode("utf-8", "backslashreplace")


# ------------------------------------------------------------ parsing


def split_target(target: str) -> Tuple[str, str]:
    """The scheme and the rest of a target, percent-decoded.

    Raises:
      ValueError: It names a server for a scheme that knows none.
    """
    scheme, colon, rest = target.partition(":")
    if not colon or scheme not in _SCHEMES:
        return "dns", urllib.parse.unquote(target, errors="surrogateescape")
    if rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        if scheme == "unix":
            path = "/" + path
        if not slash or (authority and scheme != "dns"):
            form = "unix:path or unix:///absolute/path" if scheme == "unix" else f"{scheme}:name or {scheme}:///name"
            raise ValueError(f"{target!r} is not an address: write {form}")
        rest = path
    return scheme, urllib.parse.unquote(rest, errors="surrogateescape")


def name_server(target: str) -> str:
    """The name server that a target names, with its port if it has one; empty if it names none."""
    scheme, _, rest = target.partition(":")
    if scheme != "dns" or not rest.startswith("//"):
        return ""
    return urllib.parse.unquote(rest[2:].partition("/")[0], errors="surrogateescape")


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
    if "/" in host or "\0" in host:
        raise ValueError(f"{text!r} is not an address: write host:port, without a path")
    if not port:
        if text.endswith(":") and text.count(":") == 1:
            raise ValueError(f"{text!r} is not an address: a port has to follow the colon")
        return host, default_port
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise ValueError(f"{text!r} is not an address: its port must be a number from 0 to 65535, not {port!r}")
    return host, int(port)


def default_authority(target: str) -> str:
    """The `:authority` of calls to a target; what cannot be understood is given back as it is."""
    try:
        scheme, rest = split_target(target)
    except ValueError:
        return target
    return "localhost" if scheme.startswith("unix") else rest.partition(",")[0]


def _socket_file(scheme: str, rest: str, text: str) -> Address:
    """The address of a Unix socket, with a file or without."""
    if _UNIX is None:
        raise ValueError(f"{text!r} is not an address here: this system has no Unix sockets")
    if not rest:
        raise ValueError(f"{text!r} names no socket: write {scheme}:{'path' if scheme == 'unix' else 'name'}")
    if scheme == "unix-abstract":
        name = b"\0" + rest.encode("utf-8", "surrogateescape")
        return Address(_UNIX, name, show(_UNIX, name), "localhost")
    if "\0" in rest:
        raise ValueError(f"{text!r} is not an address: a path cannot hold a NUL character")
    return Address(_UNIX, rest, show(_UNIX, rest), "localhost")


# ------------------------------------------------------------ targets


def literal(target: str) -> List[Address]:
    """The addresses of a target that needs no name service, empty if it does need one.

    Raises:
      ValueError: The target cannot be understood.
    """
    scheme, rest = split_target(target)
    if scheme.startswith("unix"):
        return [_socket_file(scheme, rest, target)]
    if scheme in _NUMERIC_FAMILIES:
        return [address for part in rest.split(",") for address in _numeric(part, scheme, target)]
    if not split_host_port(rest, DEFAULT_PORT)[0]:
        raise ValueError(f"target {target!r} names no host: write host:port")
    try:
        return _look_up(rest, socket.AF_UNSPEC, socket.AI_NUMERICHOST)
    except (socket.gaierror, UnicodeError):
        return []


def _numeric(text: str, scheme: str, target: str) -> List[Address]:
    try:
        if not text.strip():
            raise socket.gaierror(socket.EAI_NONAME, "nothing there")
        return _look_up(text.strip(), _NUMERIC_FAMILIES[scheme], socket.AI_NUMERICHOST)
    except (socket.gaierror, UnicodeError) as error:
        form = "1.2.3.4:port" if scheme == "ipv4" else "[::1]:port"
        raise ValueError(
            f"target {target!r}: {text!r} is not a numeric address: write {scheme}:{form}, several with commas between"
        ) from error


def resolve(target: str) -> List[Address]:
    """The addresses of a target, in the order in which they are to be tried. Blocks on the name service.

    Raises:
      ValueError: The target cannot be understood.
      OSError: The name service knows no address.
    """
    return literal(target) or _look_up(split_target(target)[1], socket.AF_UNSPEC, 0)


def _look_up(text: str, family: int, flags: int) -> List[Address]:
    host, port = split_host_port(text, DEFAULT_PORT)
    if not host:
        raise ValueError(f"{text!r} names no host: write host:port")
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, flags)
    # A name service may repeat itself; the order is its advice and stays.
    return list(dict.fromkeys(Address(int(entry[0]), entry[4], show(entry[0], entry[4]), host) for entry in found))


# ------------------------------------------------------------ servers


def listening(address: str) -> List[Address]:
    """The addresses to bind for a server's port: several where a name has several. Blocks on the name service.

    Raises:
      ValueError: The address cannot be understood.
      OSError: The name service knows no address.
    """
    scheme, rest = split_target(address)
    if scheme.startswith("unix"):
        return [_socket_file(scheme, rest, address)]
    host, port = split_host_port(rest, -1)
    if port < 0:
        raise ValueError(f"address {address!r} names no port: write host:port, with port 0 for any free one")
    family = _NUMERIC_FAMILIES.get(scheme, socket.AF_UNSPEC)
    if host in ("", "*"):
        host = "0.0.0.0" if scheme == "ipv4" else "::"
    try:
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, socket.AI_PASSIVE)
    except UnicodeError as error:
        raise ValueError(f"address {address!r}: {host!r} is not a host name") from error
    return list(dict.fromkeys(Address(int(entry[0]), entry[4], show(entry[0], entry[4]), host) for entry in found))
