"""A client and a server of two implementations, joined for one test: orders of ``peers.sides``, as methods."""

from __future__ import annotations

import itertools
import json
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple, TypeVar, Union

from peers import script_values, wire_values
from tests.io import certificates

Line = Dict[str, Any]
Obey = Callable[[Line], Line]
Security = Optional[Dict[str, str]]
Options = Sequence[Tuple[str, Any]]
Applies = Callable[[str, str], bool]
Rule = TypeVar("Rule", bound=Callable[..., None])

PLAINTEXT = "plaintext"
TLS = "tls"
BOTH = (PLAINTEXT, TLS)


class Usual:
    """Stands for the security that a test is run with."""


USUAL = Usual()


def ask(*steps: List[Any], size: int = 0) -> Line:
    """A request with these steps and so much filler."""
    return {"steps": list(steps), "size": size}


def seen_filler(size: int) -> Line:
    """What is told of a response to ``["fill", size]``."""
    return script_values.seen(script_values.filler(size))


def seen_return(request: Line) -> Line:
    """What is told of a response to ``["return"]``."""
    return script_values.seen(script_values.request(request))


def texts(answer: Line) -> List[str]:
    """The responses in an answer, as texts."""
    return [response["text"] for response in answer["responses"]]


def server_identity(*names: str, asks: bool = False) -> Dict[str, str]:
    """Who a server is, by its usual names if none are given; one that asks demands that clients say who they are."""
    identity = _identity(*(names or ("localhost", "127.0.0.1")))
    return {**identity, **trust()} if asks else identity


def client_identity(name: str) -> Dict[str, str]:
    """Whom a client believes, and that it is this one."""
    return {**_identity(name), **trust()}


def trust(authority: str = "first") -> Dict[str, str]:
    """Whom a client believes; the first authority is the one that vouches for everybody here."""
    return {"roots": certificates.roots(authority).decode()}


def _identity(*names: str) -> Dict[str, str]:
    pair = certificates.identity(*names)
    return {"key": pair.private_key.decode(), "chain": pair.certificate_chain.decode()}


class Server:
    """A server that was ordered."""

    def __init__(self, obey: Obey, started: Line, target: str) -> None:
        self._obey = obey
        self._number = started["server"]
        self.port: int = started["port"]
        self.target = target

    def await_call(self, tag: str, what: str = "holds") -> None:
        """Wait until the call is so far; see ``peers.sides``."""
        assert self._obey({"do": "await", "tag": tag, "what": what})["ok"], f"{tag} never came to {what}"

    def release(self, tag: str) -> None:
        """Let the call go on."""
        self._obey({"do": "release", "tag": tag})

    def stop(self, grace: Optional[float]) -> None:
        """Begin to stop."""
        self._obey({"do": "stop", "server": self._number, "grace": grace})

    def await_stop(self) -> None:
        """Wait until it has stopped."""
        assert self._obey({"do": "await-stop", "server": self._number})["ok"]


class Call:
    """A call that was ordered."""

    def __init__(self, obey: Obey, tag: str) -> None:
        self._obey = obey
        self.tag = tag

    def _do(self, what: str, **more: Any) -> Line:
        return self._obey({"do": what, "tag": self.tag, **more})

    def send(self, request: Line) -> None:
        """Send one more request."""
        self._do("send", recipe=request)

    def half_close(self) -> None:
        """Say that there are no more."""
        self._do("half-close")

    def receive(self) -> Line:
        """Wait for a response."""
        return self._do("receive")

    def initial(self) -> List[Any]:
        """Wait for the initial metadata."""
        return wire_values.decode_pairs(self._do("initial")["initial"])

    def cancel(self) -> None:
        """Cancel it at the client."""
        self._do("cancel")

    def finish(self) -> Line:
        """Wait for its end."""
        return self._do("finish")


class Channel(NamedTuple):
    """What a channel is made of; equal ones are one."""

    target: str
    security: Security
    options: Options
    compression: Optional[str]


class Conversation:
    """The two sides, and what lies between them."""

    def __init__(self, client: Obey, server: Obey, security: str, names: Tuple[str, str]) -> None:
        self._client = client
        self._server = server
        self.secure = security == TLS
        self.client, self.server = names
        self._tags = itertools.count()

    def serve(
        self,
        options: Options = (),
        compression: Optional[str] = None,
        address: str = "127.0.0.1:0",
        security: Union[Security, Usual] = USUAL,
    ) -> Server:
        """Start a server; ``security`` in place of what is usual here."""
        if isinstance(security, Usual):
            security = server_identity() if self.secure else None
        order = {"do": "serve", "address": address, "security": security}
        started = self._server({**order, "options": list(options), "compression": compression})
        target = address if address.startswith("unix") else f"127.0.0.1:{started['port']}"
        return Server(self._server, started, target)

    def channel(
        self,
        target: str,
        options: Options = (),
        compression: Optional[str] = None,
        security: Union[Security, Usual] = USUAL,
    ) -> Channel:
        """A channel of the client; ``security`` in place of what is usual here."""
        if isinstance(security, Usual):
            security = trust() if self.secure else None
        return Channel(target, security, list(options), compression)

    def part(self) -> None:
        """Close the client's channels, whatever goes on over them."""
        self._client({"do": "part"})

    def open(
        self,
        channel: Channel,
        shape: str,
        *requests: Line,
        method: Optional[str] = None,
        half_close: bool = True,
        timeout: Optional[float] = script_values.PATIENCE,
        metadata: Sequence[Tuple[str, Any]] = (),
        compression: Optional[str] = None,
        wait_for_ready: bool = False,
    ) -> Call:
        """Begin a call."""
        tag = f"call-{next(self._tags)}"
        self._client(
            {
                "do": "open",
                "tag": tag,
                "channel": channel._asdict(),
                "shape": shape,
                "method": method or f"/{script_values.SERVICE}/{script_values.METHODS[shape]}",
                "requests": list(requests),
                "half_close": half_close,
                "timeout": timeout,
                "metadata": wire_values.encode_all([*metadata, (script_values.TAG, tag)]),
                "call_compression": compression,
                "wait_for_ready": wait_for_ready,
            }
        )
        return Call(self._client, tag)

    def call(self, channel: Channel, shape: str, *requests: Line, **settings: Any) -> Line:
        """Make a call, and wait for its end."""
        return self.open(channel, shape, *requests, **settings).finish()


def where(applies: Applies = lambda client, server: True, securities: Sequence[str] = BOTH) -> Callable[[Rule], Rule]:
    """Confine a rule to the pairs, given as the names of client and server, and to the securities that it is about."""

    def mark(rule: Rule) -> Rule:
        # Read when the tests are collected.
        rule.applies = applies  # type: ignore[attr-defined]
        rule.securities = securities  # type: ignore[attr-defined]
        return rule

    return mark


def identity_of(answer: Line) -> List[Any]:
    """The fact ``identity`` in an answer."""
    found: List[Any] = json.loads(texts(answer)[0])
    return found
