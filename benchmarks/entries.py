"""What a workload and a peer are: values, one in each file of ``workloads/`` and ``peers/``."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any, Callable, Mapping, Tuple

from peers import process

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = Path(__file__).resolve().parent / "scripts"
# Every script speaks the line protocol, whose module lies there.
LINE_PROTOCOL_FOLDER = process.SCRIPTS


@dataclasses.dataclass(frozen=True)
class Workload:
    """Something to measure, whoever does it.

    Attributes:
        name: as given to ``--workload``; the file is called the same.
        title: heading of its table.
        driver: the function of a peer's client script that does it.
        parameters: what that function gets; JSON values only.
        headline: the metric that is compared, one of those a measurement yields.
        unit: of the headline.
        scale: headline units per counted call, for instance MiB per call.
        higher_is_better: whether more of the headline is better; ratios above 1 always mean that ours is better.
    """

    name: str
    title: str
    driver: str
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    headline: str = "rate"
    unit: str = "calls/s"
    scale: float = 1.0
    higher_is_better: bool = True


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
        python_path: folders to import from, beside the scripts' own.
        is_ours: whether the other peers are compared with this one.
    """

    name: str
    title: str
    interpreter: Callable[[], Path]
    client: str
    server: str
    workloads: Tuple[str, ...]
    python_path: Tuple[Path, ...] = (LINE_PROTOCOL_FOLDER,)
    is_ours: bool = False


def this_python() -> Path:
    """Return the interpreter that runs the harness; it has what this project depends on."""
    return Path(sys.executable)
