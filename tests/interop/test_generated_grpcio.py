"""What our plugin makes of a .proto file runs on grpcio, unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peers.process import SCRIPTS, START_TIMEOUT, Process
from tests.codegen import protoc

if TYPE_CHECKING:
    import pathlib

# Making the peers' environment, once, may take longer than a test usually may.
pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.timeout(300)]


def test_grpcio_serves_and_calls_with_what_our_plugin_generates(
    peer_python: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    protoc.generate(tmp_path, "pyi")
    with Process(peer_python, SCRIPTS / "grpcio_generated.py", python_path=[tmp_path]) as process:
        assert process.receive(START_TIMEOUT) == {
            "stub": {
                "Greet": "Hello, you!",
                "Repeat": ["a", "a"],
                "Collect": "a b",
                "Chat": "UNIMPLEMENTED: Method not implemented!",
            },
            "single call": "Hello, you!",
            "aio stub": "Hello, you!",
        }
