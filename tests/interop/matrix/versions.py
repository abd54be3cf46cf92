"""Which releases took part."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from typing import Callable, Dict

import grpc
from peers import environment, node
from tests.interop.etcd import server as etcd
from tests.interop.nginx import front

ABSENT = "not here"
_TIMEOUT = 30.0


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=True).stdout.strip()


def _grpcio() -> str:
    script = "from importlib import metadata; print(metadata.version('grpcio'))"
    return _output(str(environment.python()), "-c", script)


def _grpc_js() -> str:
    node.program("node")
    return str(json.loads((node.modules() / "@grpc/grpc-js/package.json").read_bytes())["version"])


_UNAVAILABLE = (
    environment.EnvironmentUnavailable,
    node.NodeUnavailable,
    front.NginxUnavailable,
    etcd.EtcdUnavailable,
)

_FINDERS: Dict[str, Callable[[], str]] = {
    "this package": lambda: grpc.__version__,
    "Python": lambda: ".".join(map(str, sys.version_info[:3])),
    "h2": lambda: metadata.version("h2"),
    "protobuf": lambda: metadata.version("protobuf"),
    "grpcio": _grpcio,
    "grpc-js": _grpc_js,
    "Node.js": lambda: _output(node.program("node"), "--version").lstrip("v"),
    "nginx": front.version,
    "etcd": etcd.version,
}


def find() -> Dict[str, str]:
    """The version of everything, or ``ABSENT``."""
    return {name: _found(finder) for name, finder in _FINDERS.items()}


def _found(finder: Callable[[], str]) -> str:
    try:
        return finder()
    except _UNAVAILABLE:
        return ABSENT
