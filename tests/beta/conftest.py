"""The kit: a beta server of plain functions, a channel to it over any transport, and receivers that remember."""

from __future__ import annotations

import contextlib
import threading
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple

import pytest

from grpc.beta import implementations, interfaces
from grpc.framework.common.cardinality import Cardinality
from grpc.framework.interfaces.face import face

SERVICE = "tests.Service"
TIMEOUT = 10.0
"""Seconds for calls that are over at once unless something is wrong."""

Methods = Mapping[str, face.MethodImplementation]


def channel_to(transport: str, server: Any, port: int) -> implementations.Channel:
    """A beta channel to a server of either API, which listens on that port."""
    if transport == "inprocess":
        return implementations.inprocess_channel(server)
    return implementations.insecure_channel("127.0.0.1", port)


@contextlib.contextmanager
def serving(transport: str, methods: Methods, **options: Any) -> Iterator[implementations.Channel]:
    """A running beta server with these methods and options, and a channel to it; both are gone at the end."""
    server = implementations.server(
        {(SERVICE, name): method for name, method in methods.items()}, implementations.server_options(**options)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    with server, channel_to(transport, server, port) as channel:
        yield channel


@pytest.fixture(params=["inprocess", "tcp"])
def transport(request: pytest.FixtureRequest) -> str:
    """Which way the calls go."""
    name: str = request.param
    return name


@pytest.fixture
def serve(transport: str) -> Iterator[Callable[..., implementations.Channel]]:
    """Serves methods given as name=implementation, with options given as a dict, and gives a channel to them."""
    with contextlib.ExitStack() as stack:

        def start(options: Optional[Dict[str, Any]] = None, /, **methods: Any) -> implementations.Channel:
            return stack.enter_context(serving(transport, methods, **(options or {})))

        yield start


def stub(channel: implementations.Channel, **options: Any) -> Any:
    """A stub of the suite's methods, by the first letters of their names: UU, US, SU and SS."""
    return implementations.dynamic_stub(
        channel,
        SERVICE,
        {
            "UU": Cardinality.UNARY_UNARY,
            "US": Cardinality.UNARY_STREAM,
            "SU": Cardinality.STREAM_UNARY,
            "SS": Cardinality.STREAM_STREAM,
        },
        options=implementations.stub_options(**options),
    )


def failure_of(call: Callable[[], Any]) -> Any:
    """The AbortionError that a call raises."""
    with pytest.raises(face.AbortionError) as raised:
        call()
    return raised.value


class Receiver(face.ResponseReceiver):
    """Remembers what it hears, in order, and can be waited for."""

    def __init__(self) -> None:
        self.heard: List[Tuple[Any, ...]] = []
        self._over = threading.Event()

    def initial_metadata(self, initial_metadata: Any) -> None:
        self.heard.append(("initial", initial_metadata))

    def response(self, response: Any) -> None:
        self.heard.append(("response", response))

    def complete(self, terminal_metadata: Any, code: Any, details: Any) -> None:
        self.heard.append(("complete", terminal_metadata, code, details))
        self._over.set()

    def abort(self, abortion: face.Abortion) -> None:
        """Is the abortion callback."""
        self.heard.append(("abort", abortion))
        self._over.set()

    def wait(self) -> List[Tuple[Any, ...]]:
        """What it has heard when all is over."""
        assert self._over.wait(TIMEOUT)
        return self.heard

    def responses(self) -> List[Any]:
        """The responses of a call that has completed."""
        heard = self.wait()
        assert heard[-1][0] == "complete", heard
        return [what[1] for what in heard if what[0] == "response"]

    def abortion(self) -> face.Abortion:
        """The abortion of a call that was aborted."""
        heard = self.wait()
        assert heard[-1][0] == "abort", heard
        abortion: face.Abortion = heard[-1][1]
        return abortion


OK_END = ("complete", (), interfaces.StatusCode.OK, "")
