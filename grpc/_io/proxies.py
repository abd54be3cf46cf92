"""Which HTTP proxy a channel goes through, if any: what its arguments and the environment say.

The first of these that is set counts, and an empty one means "none": the channel argument `grpc.http_proxy`, then the
variables `grpc_proxy`, `https_proxy`, `http_proxy`. Its form is `http://[user:password@]host[:port]`; without a port it
is 80. Names that end with an entry of `no_grpc_proxy` (else `no_proxy`: names with commas between, or `*` for all) are
connected to directly, and Unix sockets always are.

What cannot be understood is the caller's mistake in an argument, and raises. In the environment it may have been meant
for others: it is logged, and the channel connects directly.
"""

from __future__ import annotations

import base64
import logging
import re
import urllib.parse
from typing import List, Mapping, NamedTuple, Optional, Tuple

from grpc._io import addresses
from grpc._values.connecting import Destination, Proxy

_LOGGER = logging.getLogger(__name__)

_VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy")
_EXCEPTIONS = ("no_grpc_proxy", "no_proxy")
VARIABLES = (*_VARIABLES, *_EXCEPTIONS)
"""The environment variables that are looked at."""

_DEFAULT_PORT = 80

_FORM = "write http://host:port, or http://user:password@host:port"

# What a name may consist of in a line of a request.
_SENDABLE = re.compile(r"[!-~]+")


class _Server(NamedTuple):
    """A proxy, whatever it is asked for."""

    target: str
    authorization: Optional[str]


def choose(target: str, uri: Optional[str], enabled: bool, environ: Mapping[str, str]) -> Optional[Proxy]:
    """Find the proxy for a target.

    Args:
      target: Of the channel.
      uri: The channel argument that names a proxy; None if it was not given.
      enabled: Whether proxies are to be used at all.
      environ: The environment's variables.

    Returns:
      The proxy; None to connect directly.

    Raises:
      ValueError: The channel argument makes no sense.
    """
    if not enabled:
        return None
    server = _from_argument(uri) if uri is not None else _from_environment(environ)
    if server is None:
        return None
    destinations = _destinations(target)
    exceptions = _exceptions(environ)
    if not destinations or any(_is_excepted(host, exceptions) for host, _ in destinations):
        return None
    return Proxy(server.target, destinations, server.authorization)


# ------------------------------------------------------------ the proxy


def _from_argument(uri: str) -> Optional[_Server]:
    try:
        return _parse(uri)
    except ValueError as error:
        raise ValueError(f"channel argument 'grpc.http_proxy' names no proxy: {error}; {_FORM}") from error


def _from_environment(environ: Mapping[str, str]) -> Optional[_Server]:
    for name in _VARIABLES:
        if name in environ:
            try:
                return _parse(environ[name])
            except ValueError as error:
                _LOGGER.warning(
                    "The environment variable %s names no proxy (%s), so channels connect directly; %s",
                    name,
                    error,
                    _FORM,
                )
                return None
    return None


def _parse(uri: str) -> Optional[_Server]:
    """The proxy that a URI names; None if it is empty. No error repeats the URI, which may hold a password."""
    uri = uri.strip()
    if not uri:
        return None
    scheme, separator, rest = uri.partition("://")
    if not separator:
        scheme, rest = "http", uri
    if scheme.lower() != "http":
        raise ValueError(f"its scheme is {scheme!r}, and only proxies that are spoken to by 'http' can be used")
    user, at, place = rest.rpartition("@")
    host, port = addresses.split_host_port(re.split(r"[/?#]", place, maxsplit=1)[0], _DEFAULT_PORT)
    if not host or not _SENDABLE.fullmatch(host):
        raise ValueError("it has no host")
    authorization = None
    if at:
        credentials = urllib.parse.unquote_to_bytes(user)
        authorization = "Basic " + base64.b64encode(credentials).decode("ascii")
    return _Server("dns:" + Destination(host, port).authority, authorization)


# ------------------------------------------------------------ the target


def _destinations(target: str) -> Tuple[Destination, ...]:
    """What a proxy would be asked for; nothing if it cannot be asked."""
    try:
        scheme, rest = addresses.split_target(target)
        if scheme.startswith("unix"):
            return ()
        parts = rest.split(",") if scheme in ("ipv4", "ipv6") else [rest]
        found = [Destination(*addresses.split_host_port(part.strip(), addresses.DEFAULT_PORT)) for part in parts]
        encoded = [Destination(_ascii(host), port) for host, port in found]
    except ValueError:  # of which UnicodeError is one: whoever resolves the target says what is wrong with it
        return ()
    return tuple(encoded) if all(_SENDABLE.fullmatch(host) for host, _ in encoded) else ()


def _ascii(host: str) -> str:
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _exceptions(environ: Mapping[str, str]) -> List[str]:
    for name in _EXCEPTIONS:
        if name in environ:
            entries = [entry.strip().lower() for entry in environ[name].split(",")]
            return [entry for entry in entries if entry]
    return []


def _is_excepted(host: str, exceptions: List[str]) -> bool:
    return any(entry == "*" or host.lower().endswith(entry) for entry in exceptions)
