"""Measures what happens once in a process: the import, the first call, an idle server; several processes a turn."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Dict, List, Sequence, Tuple

from benchmarks import pair

if TYPE_CHECKING:
    from benchmarks.entries import Turn
    from peers.process import Line


def imports(turn: Turn) -> Tuple[Line, Dict[str, float]]:
    """Import the peer's modules in fresh processes; see ``first_calls``."""
    return _medians([_told(turn, "import_probe.py", turn.peer.modules) for _ in _processes(turn)])


def first_calls(turn: Turn) -> Tuple[Line, Dict[str, float]]:
    """Make the first call of fresh processes.

    Returns:
        What the processes said of themselves, and the medians of their metrics.

    Raises:
        ProcessError: one of them failed or hung.
    """
    with pair.Side(turn.peer, turn.interpreter, turn.peer.server) as server:
        port = str(server.greet()["port"])
        return _medians([_told(turn, turn.peer.first_call, [port]) for _ in _processes(turn)])


def idle_servers(turn: Turn) -> Tuple[Line, Dict[str, float]]:
    """Look at servers that have nothing to do; see ``first_calls``."""
    return _medians([_idle(turn) for _ in _processes(turn)])


def _processes(turn: Turn) -> range:
    # One more, of which nothing is kept: the first may have to compile, and to read from the disk.
    return range(turn.workload.parameters["processes"] + 1)


def _told(turn: Turn, script: str, arguments: Sequence[str]) -> Line:
    with pair.Side(turn.peer, turn.interpreter, script, arguments) as process:
        return process.greet()


def _idle(turn: Turn) -> Line:
    with pair.Side(turn.peer, turn.interpreter, turn.peer.server) as server:
        server.greet()
        usage = server.ask({"collect": True})
    return {
        "rss_mib": usage["rss_kib"] / 1024,
        "peak_mib": usage["peak_kib"] / 1024,
        "server_threads": usage["threads"],
        "cpu_ms": usage["cpu_seconds"] * 1e3,
    }


def _medians(told: List[Line]) -> Tuple[Line, Dict[str, float]]:
    kept = told[1:]
    hello = {"versions": told[0]["versions"]} if "versions" in told[0] else {}
    names = [name for name in kept[0] if name != "versions"]
    return hello, {name: statistics.median(each[name] for each in kept) for name in names}
