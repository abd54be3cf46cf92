"""Finds the entries: each module of ``workloads/`` has a ``WORKLOAD``, each of ``peers/`` a ``PEER``."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Sequence, TypeVar

import benchmarks.peers
import benchmarks.workloads

if TYPE_CHECKING:
    from types import ModuleType

    from benchmarks.entries import Peer, Workload

Entry = TypeVar("Entry")


def workloads() -> Dict[str, Workload]:
    """Return every workload by its name, in the order of the names."""
    return _entries(benchmarks.workloads, "WORKLOAD")


def peers() -> Dict[str, Peer]:
    """Return every peer by its name, ours first, then in the order of the names."""
    found: Dict[str, Peer] = _entries(benchmarks.peers, "PEER")
    return dict(sorted(found.items(), key=lambda item: (not item[1].is_ours, item[0])))


def select(entries: Dict[str, Entry], names: Iterable[str]) -> List[Entry]:
    """Return the named entries in the order of ``entries``; all of them when no name is given.

    Raises:
        LookupError: a name is unknown; says which are known.
    """
    wanted = set(names)
    if unknown := sorted(wanted - set(entries)):
        raise LookupError(f"unknown: {', '.join(unknown)}; known are {', '.join(entries)}")
    return [entry for name, entry in entries.items() if not wanted or name in wanted]


def check(chosen_peers: Sequence[Peer], known_workloads: Iterable[str]) -> None:
    """Raise LookupError when a peer offers a workload that does not exist."""
    known = set(known_workloads)
    for peer in chosen_peers:
        if unknown := sorted(set(peer.workloads) - known):
            raise LookupError(f"peer {peer.name} offers unknown workloads: {', '.join(unknown)}")


def _entries(package: ModuleType, attribute: str) -> Dict[str, Any]:
    found = {}
    for module in pkgutil.iter_modules(package.__path__):
        entry = getattr(importlib.import_module(f"{package.__name__}.{module.name}"), attribute)
        if entry.name != module.name:
            raise LookupError(f"{package.__name__}.{module.name} calls its entry {entry.name!r}; use the file's name")
        found[entry.name] = entry
    return dict(sorted(found.items()))
