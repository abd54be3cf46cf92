"""What a workload, a peer and a turn are: values; the first two one in each file of ``workloads/`` and ``peers/``."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple, Tuple

from peers import process

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = Path(__file__).resolve().parent / "scripts"
# Every script speaks the line protocol, whose module lies there.
LINE_PROTOCOL_FOLDER = process.SCRIPTS

# Workloads that whole groups of peers offer.
UNARY = ("unary_sequence", "unary_in_flight", "unary_in_flight_1", "unary_in_flight_10", "unary_in_flight_1000")
STREAMING = ("server_streaming", "client_streaming", "bidi_streaming")
ECHO = ("echo_1_mib", "echo_64_mib")
KEPT = ("connections", "idle_streams")
FRESH = ("importing", "first_call", "idle_server")
GROWTH = ("growth_calls", "growth_in_flight", "growth_bytes", "growth_messages")

# Heading and metric of what stands right of the headline, where a workload does not say otherwise.
COLUMNS = {
    "p50 us": "p50_us",
    "p99 us": "p99_us",
    "client CPU us": "client_cpu_us",
    "server CPU us": "server_cpu_us",
    "client threads": "client_threads",
    "server threads": "server_threads",
}


@dataclasses.dataclass(frozen=True)
class Workload:
    """Something to measure, whoever does it.

    Attributes:
        name: as given to ``--workload``; the file is called the same.
        title: heading of its table.
        driver: the function of a peer's client script that does it.
        procedure: how it is measured, a name of ``runner.PROCEDURES``.
        parameters: what that function gets; JSON values only.
        stages: what the parameters are changed by, one stage after another, in procedures that have stages.
        headline: the metric that is compared, one of those a measurement yields.
        unit: of the headline.
        scale: headline units per counted call, for instance MiB per call.
        higher_is_better: whether more of the headline is better; ratios above 1 always mean that ours is better.
        columns: heading and metric of what else is shown.
    """

    name: str
    title: str
    driver: str
    procedure: str = "timed"
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    stages: Tuple[Mapping[str, Any], ...] = ()
    headline: str = "rate"
    unit: str = "calls/s"
    scale: float = 1.0
    higher_is_better: bool = True
    columns: Mapping[str, str] = dataclasses.field(default_factory=lambda: COLUMNS)


@dataclasses.dataclass(frozen=True)
class Peer:
    """Someone to measure.

    Attributes:
        name: as given to ``--peer``; the file is called the same.
        title: its implementation in words.
        interpreter: returns the interpreter of both scripts; may take its time to make it.
        client: name of the client script in ``scripts/``; its argument is the server's port.
        server: name of the server script there.
        workloads: the names of those that its client script can drive.
        modules: what its user imports.
        first_call: name of the script there that makes a first call; its argument is the server's port.
        python_path: folders to import from, beside the scripts' own.
        is_ours: whether the other peers are compared with this one.
    """

    name: str
    title: str
    interpreter: Callable[[], Path]
    client: str
    server: str
    workloads: Tuple[str, ...]
    modules: Tuple[str, ...] = ()
    first_call: str = ""
    python_path: Tuple[Path, ...] = (LINE_PROTOCOL_FOLDER,)
    is_ours: bool = False


class Turn(NamedTuple):
    """One peer at one workload, once; ``seconds`` and ``warm_up`` for those that go on for a while."""

    peer: Peer
    interpreter: Path
    workload: Workload
    seconds: float
    warm_up: float


def this_python() -> Path:
    """Return the interpreter that runs the harness; it has what this project depends on."""
    return Path(sys.executable)
