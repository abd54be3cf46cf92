"""A peer's server and client, each a process of its own, as every procedure that needs both begins."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Iterator, Sequence, Tuple

from benchmarks.entries import SCRIPTS, Turn
from peers.process import START_TIMEOUT, Line, Process

if TYPE_CHECKING:
    from benchmarks.entries import Peer

# What an order may take beyond its own time before its peer counts as hung.
SLACK_SECONDS = 60.0
# Bytecode is cached, as it is for everybody who installs a package: the surroundings may have that off.
_VARIABLES = {"PYTHONDONTWRITEBYTECODE": ""}


class Side(Process):
    """One of the two, once it has said hello.

    Attributes:
        hello: what it said.
    """

    def __init__(self, peer: Peer, interpreter: Path, script: str, arguments: Sequence[str] = ()) -> None:
        super().__init__(interpreter, SCRIPTS / script, arguments, peer.python_path, _VARIABLES)
        self.hello: Line = {}

    def __enter__(self) -> Side:
        super().__enter__()
        return self

    def greet(self) -> Line:
        """Wait for the hello, and return it.

        Raises:
            ProcessError: it does not start.
        """
        self.hello = self.receive(START_TIMEOUT)
        return self.hello


@contextlib.contextmanager
def started(turn: Turn) -> Iterator[Tuple[Side, Side]]:
    """Start both, and stop both at the end.

    Raises:
        ProcessError: one of the two did not start, or did not stop.
    """
    with Side(turn.peer, turn.interpreter, turn.peer.server) as server:
        port = str(server.greet()["port"])
        with Side(turn.peer, turn.interpreter, turn.peer.client, [port]) as client:
            client.greet()
            yield server, client


def threads(server: Side, client: Side) -> Dict[str, float]:
    """Return how many threads each has at this moment, native ones too; nothing where the system does not tell."""
    found = {}
    for name, side in (("client_threads", client), ("server_threads", server)):
        folder = Path(f"/proc/{side.hello['pid']}/task")
        if folder.exists():
            found[name] = float(sum(1 for _ in folder.iterdir()))
    return found
