"""The TXT records in which the DNS may have a service config (gRFC A2), asked for by dnspython.

dnspython is the optional extra `dns`: nothing here imports it before a channel wants to ask.
"""

from __future__ import annotations

import ipaddress
import logging
import math
import socket
from typing import TYPE_CHECKING, Any, Callable, Iterable, Optional, Tuple, Type, TypeVar

from grpc._io import addresses
from grpc._values.connecting import ConfigLookup

if TYPE_CHECKING:
    import dns.resolver

    from grpc._io.contract import Texts

    _R = TypeVar("_R", bound=dns.resolver.BaseResolver)

_LOGGER = logging.getLogger(__name__)

_PREFIX = "_grpc_config."
_PORT = 53

# dnspython goes on asking servers that are silent until a question's time is over, and remembers each failure. So it is
# asked again and again for so many seconds; in between, a thread notices that nobody listens any more.
_PART = 5.0


def config_lookup(target: str, timeout: float) -> Optional[ConfigLookup]:
    """How to ask for the service config of a target.

    Args:
      target: In the syntax that `addresses` explains.
      timeout: Seconds that the answer may take; infinity for any number.

    Returns:
      None if the DNS has none for it: for an address, a socket's file, this machine, or a target that makes no sense.

    Raises:
      ValueError: dnspython is not installed.
    """
    try:
        scheme, rest = addresses.split_target(target)
        if scheme != "dns" or addresses.literal(target):
            return None
        host, _ = addresses.split_host_port(rest, addresses.DEFAULT_PORT)
    except ValueError:  # whoever resolves the target says what is wrong with it
        return None
    if host.rstrip(".").lower() == "localhost":
        return None
    try:
        import dns.asyncresolver
        import dns.resolver  # noqa: F401  # whether it is there is to be known now
    except ImportError as error:
        raise ValueError(
            "channel argument 'grpc.service_config_disable_resolution' is 0, but dnspython, which looks service "
            "configs up in the DNS, is not installed: run \"pip install 'layered-grpc[dns]'\" or leave the argument out"
        ) from error
    return ConfigLookup(_PREFIX + host, timeout, socket.gethostname(), _server(target))


def _server(target: str) -> Optional[Tuple[str, int]]:
    """The server that a target names, as far as it can be asked."""
    named = addresses.name_server(target)
    if not named:
        return None
    try:
        host, port = addresses.split_host_port(named, _PORT)
        return str(ipaddress.ip_address(host)), port
    except ValueError:
        _LOGGER.warning(
            "Target %r names the DNS server %r, which is no numeric address: the system's servers are asked for the "
            "service config instead",
            target,
            named,
        )
        return None


# ------------------------------------------------------------ asking


def ask(lookup: ConfigLookup, given_up: Callable[[], bool]) -> Texts:
    """The records; none if there are none or they cannot be had, which is logged at debug. Blocks.

    Args:
      lookup: What to ask. Its timeout is for the caller to keep: here it says no more than how long to ask at once.
      given_up: Whether nobody wants to know any more; looked at every few seconds.
    """
    import dns.exception
    import dns.resolver

    def ask_once() -> Optional[Texts]:
        try:
            return _texts(resolver.resolve(lookup.name, "TXT", search=True, lifetime=seconds))
        except dns.resolver.LifetimeTimeout:
            return None

    seconds = min(lookup.timeout, _PART)
    try:
        resolver = _configured(dns.resolver.Resolver, lookup)
        while not given_up():
            texts = ask_once()
            if texts is not None:
                return texts
    except (dns.exception.DNSException, OSError, ValueError) as error:
        _note(lookup, str(error) or type(error).__name__)
    return ()


async def ask_on_loop(lookup: ConfigLookup) -> Texts:
    """Like `ask`, on the running event loop, and no longer than the timeout says. May be cancelled at any moment."""
    import asyncio

    import dns.exception

    try:
        return await asyncio.wait_for(_answer(lookup), None if lookup.timeout == math.inf else lookup.timeout)
    except asyncio.TimeoutError:
        note_overdue(lookup)
    except (dns.exception.DNSException, OSError, ValueError) as error:
        _note(lookup, str(error) or type(error).__name__)
    return ()


async def _answer(lookup: ConfigLookup) -> Texts:
    import dns.asyncbackend
    import dns.asyncresolver
    import dns.resolver

    async def ask_once() -> Optional[Texts]:
        try:
            return _texts(await resolver.resolve(lookup.name, "TXT", search=True, lifetime=_PART, backend=backend))
        except dns.resolver.LifetimeTimeout:
            return None

    resolver = _configured(dns.asyncresolver.Resolver, lookup)
    backend = dns.asyncbackend.get_backend("asyncio")
    texts = None
    while texts is None:
        texts = await ask_once()
    return texts


def note_overdue(lookup: ConfigLookup) -> None:
    """Log that the time for an answer is over."""
    _note(lookup, f"no answer came in {lookup.timeout:g} seconds")


def _configured(kind: Type[_R], lookup: ConfigLookup) -> _R:
    """A resolver that asks the server that is named, else those that the system is set up for at this moment."""
    resolver = kind(configure=lookup.server is None)
    if lookup.server is not None:
        address, resolver.port = lookup.server
        resolver.nameservers = [address]
    return resolver


def _texts(answer: Iterable[Any]) -> Texts:
    return tuple(tuple(record.strings) for record in answer)


def _note(lookup: ConfigLookup, reason: str) -> None:
    _LOGGER.debug("The DNS gives no service config under %r: %s", lookup.name, reason)
