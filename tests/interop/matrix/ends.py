"""The clients and servers of every implementation, as command lines.

All of them understand the flags of ``python -m grpc.interop`` and print the same lines: a server its port, a client one
for each case.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from typing import Callable, Collection, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Union

from peers import environment, node
from tests.interop.matrix import security as securities
from tests.interop.matrix.children import Child

# For a server to say its port, on a busy machine with cold caches.
_START_TIMEOUT = 30.0

_INTEROP = environment.ROOT / "grpc" / "interop" / "__main__.py"


# Fewer and slower than usual: enough to see that it holds, on a machine that is busy with all of this.
_LASTING = (
    "--soak_iterations=40",
    "--soak_per_iteration_max_acceptable_latency_ms=10000",
    "--concurrent_calls=50",
)


class Unavailable(Exception):
    """An end cannot be run on this machine; the text says why."""


class Command(NamedTuple):
    """How to start a program.

    Attributes:
        words: the program and its first arguments.
        variables: of its environment, beside the inherited ones.
    """

    words: List[str]
    variables: Dict[str, str] = {}  # noqa: RUF012 - nobody changes it


class End(NamedTuple):
    """A client or a server.

    Attributes:
        name: what it is called in the document; ours are called by their API.
        command: says how to start it; raises ``Unavailable``.
        lacks: cases that it has no part in, with the reason.
        blind_to: cases that may turn out not to be run, as it does not show what they look at. Any other that a client
            does not run has failed.
        flags: more of its command line.
    """

    name: str
    command: Callable[[], Command]
    lacks: Mapping[str, str] = {}
    blind_to: Collection[str] = ()
    flags: Sequence[str] = ()


Made = Union[List[str], Unavailable]


@functools.cache
def _python() -> Made:
    """The peers' interpreter, or why there is none: what could not be made once is not tried for each meeting."""
    try:
        return [str(environment.python())]
    except environment.EnvironmentUnavailable as error:
        return Unavailable(str(error))


@functools.cache
def _node() -> Made:
    """Node.js and the folder of its packages; see ``_python``."""
    try:
        return [node.program("node"), str(node.modules())]
    except node.NodeUnavailable as error:
        return Unavailable(str(error))


def _available(made: Made) -> List[str]:
    if isinstance(made, Unavailable):
        raise made
    return made


def ours(role: str, api: str) -> Command:
    """Our own, on one of the two APIs."""
    return Command([sys.executable, "-m", "grpc.interop", role, f"--api={api}"])


def grpcio(role: str) -> Command:
    """The same program on grpcio.

    Raises:
        Unavailable: the peers' environment is absent and cannot be made.
    """
    (interpreter,) = _available(_python())
    return Command([interpreter, str(_INTEROP), role])


def grpc_js(role: str) -> Command:
    """The scripts for Node.js.

    Raises:
        Unavailable: there is no Node.js, or its packages are absent and cannot be installed.
    """
    program, modules = _available(_node())
    return Command([program, str(node.SCRIPTS / f"{role}.js")], {"NODE_PATH": modules})


# A client sees what a server compresses, and the other way round.
_CLIENTS_COMPRESS = ("client_compressed_unary", "client_compressed_streaming")
_SERVERS_COMPRESS = ("server_compressed_unary", "server_compressed_streaming")
_NO_COMPRESSION = "grpc-js's server compresses no responses"

OUR_CLIENTS = (
    End("blocking", functools.partial(ours, "client", "sync"), flags=_LASTING),
    End("asyncio", functools.partial(ours, "client", "aio"), flags=_LASTING),
)
OUR_SERVERS = (
    End("blocking", functools.partial(ours, "server", "sync")),
    End("asyncio", functools.partial(ours, "server", "aio")),
)
PEER_CLIENTS = (
    End("grpcio", functools.partial(grpcio, "client"), blind_to=_SERVERS_COMPRESS, flags=_LASTING),
    End("grpc-js", functools.partial(grpc_js, "client"), blind_to=_SERVERS_COMPRESS, flags=_LASTING),
)
PEER_SERVERS = (
    End("grpcio", functools.partial(grpcio, "server"), blind_to=_CLIENTS_COMPRESS),
    End(
        "grpc-js",
        functools.partial(grpc_js, "server"),
        lacks=dict.fromkeys(_SERVERS_COMPRESS, _NO_COMPRESSION),
        blind_to=_CLIENTS_COMPRESS,
    ),
)


@contextlib.contextmanager
def serving(server: End, security: securities.Security) -> Iterator[int]:
    """Run a server during the ``with`` block, which gets its port.

    Raises:
        Unavailable: it cannot be run here.
        ChildError: it did not start.
    """
    command = server.command()
    words = [*command.words, "--stop_with_stdin", *securities.server_flags(security)]
    with Child(words, command.variables) as child:
        yield int(child.first("port", _START_TIMEOUT)["port"])


def calling(client: End, port: int, security: securities.Security, cases: Sequence[str]) -> Child:
    """Start a client that runs these cases; the caller closes it.

    Raises:
        Unavailable: it cannot be run here.
    """
    command = client.command()
    words = [*command.words, f"--server_port={port}", f"--test_case={','.join(cases)}", *client.flags]
    return Child([*words, *securities.client_flags(security)], command.variables)
