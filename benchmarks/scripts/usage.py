"""What this process uses: CPU, memory, threads.

Memory and threads come from ``/proc``, so that a library's native threads count too; elsewhere they are left out.
"""

from __future__ import annotations

import gc
import resource
from typing import Any, Dict, Mapping

import line_protocol

# VmHWM and not ru_maxrss: a process inherits the latter from the one that started it.
_FIELDS = {"Threads": "threads", "VmRSS": "rss_kib", "VmHWM": "peak_kib"}


def cpu_seconds() -> float:
    """Return the CPU time that this process has used, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def now(arrived: int = 0, collect: bool = False) -> Dict[str, Any]:
    """Return what is used at this moment.

    Args:
        arrived: how many held streams have reached the server; passed on.
        collect: drop unreachable objects before memory is looked at; the CPU time is the one before that.
    """
    found: Dict[str, Any] = {"cpu_seconds": cpu_seconds(), "arrived": arrived}
    if collect:
        gc.collect()
    return {**found, **status()}


def status() -> Dict[str, int]:
    """Return threads, memory and its peak, in KiB; nothing where the system does not tell."""
    found = {}
    try:
        with open("/proc/self/status", encoding="utf-8") as lines:
            for line in lines:
                name, _, value = line.partition(":")
                if name in _FIELDS:
                    found[_FIELDS[name]] = int(value.split()[0])
    except FileNotFoundError:
        return {}
    return found


def answer(order: Mapping[str, Any], arrived: int = 0) -> None:
    """Answer an order that asks for the usage; ``collect`` in it collects."""
    line_protocol.say(now(arrived, order.get("collect", False)))


def raise_file_limit() -> None:
    """Allow as many open files as this process may have: a thousand connections want them."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
