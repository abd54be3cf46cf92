"""The command line as people call it: processes, lines of JSON, exit statuses."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Tuple

import pytest
import trustme

from grpc.interop import _command, _sync_service
from tests.interop_cases import regenerate, rig

if TYPE_CHECKING:
    import pathlib

BY_NAME = ("-m", "grpc.interop")
BY_PATH = (str(regenerate.ROOT / "grpc" / "interop" / "__main__.py"),)

QUICK = "--test_case=empty_unary,ping_pong"


@contextlib.contextmanager
def _serving(how: Tuple[str, ...], *flags: str) -> Iterator[Tuple[int, subprocess.Popen[str]]]:
    """A server in a process of its own, and its port."""
    command = [sys.executable, *how, "server", "--stop_with_stdin", *flags]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["port"], process
        finally:
            process.stdin.close()
            assert process.wait(20) == 0


def _lines(text: str) -> List[Dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("how", [pytest.param(BY_NAME, id="by name"), pytest.param(BY_PATH, id="by path")])
@pytest.mark.parametrize("api", ["sync", "aio"])
def test_a_client_process_calls_a_server_process(api: str, how: Tuple[str, ...], tmp_path: pathlib.Path) -> None:
    with _serving(how, f"--api={api}") as (port, _):
        client = subprocess.run(
            [sys.executable, *how, "client", f"--api={api}", f"--server_port={port}", QUICK],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert (client.returncode, client.stderr) == (0, "")
    assert [(line["case"], line["result"], line["why"]) for line in _lines(client.stdout)] == [
        ("empty_unary", "passed", None),
        ("ping_pong", "passed", None),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("api", ["sync", "aio"])
def test_a_server_ends_by_a_signal(api: str) -> None:
    with _serving(BY_NAME, f"--api={api}") as (_, process):
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.slow
@pytest.mark.parametrize("api", ["sync", "aio"])
def test_tls_is_spoken_with_the_files_that_are_given(
    api: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("interop.example")
    authority.cert_pem.write_to_path(tmp_path / "ca")
    issued.private_key_pem.write_to_path(tmp_path / "key")
    for part in issued.cert_chain_pems:
        part.write_to_path(tmp_path / "chain", append=True)
    files = (f"--tls_cert_file={tmp_path / 'chain'}", f"--tls_key_file={tmp_path / 'key'}")
    with _serving(BY_NAME, f"--api={api}", "--use_tls=true", *files) as (port, _):
        client = ("client", f"--api={api}", f"--server_port={port}", QUICK, "--use_tls=true")
        believing = ("--use_test_ca=true", f"--ca_file={tmp_path / 'ca'}")
        assert _command.main([*client, *believing, "--server_host_override=interop.example"]) == 0
        assert {line["result"] for line in _lines(capsys.readouterr().out)} == {"passed"}
        assert _command.main([*client, *believing]) == 1
        assert {line["result"] for line in _lines(capsys.readouterr().out)} == {"failed"}


@pytest.mark.parametrize("api", ["sync", "aio"])
def test_a_failed_case_is_told_and_ends_with_1(api: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        assert _command.main(["client", f"--api={api}", f"--server_port={port}", QUICK]) == 1
    first, second = _lines(capsys.readouterr().out)
    assert first["result"] == "failed"
    assert first["why"].startswith("a call ended with UNAVAILABLE: ")
    assert second["result"] == "failed"


@pytest.mark.parametrize(
    ("cases", "status"),
    [
        pytest.param("cacheable_unary", 3, id="none was run"),
        pytest.param("cacheable_unary,empty_unary", 0, id="one was"),
    ],
)
def test_cases_that_are_not_run_do_not_fail(cases: str, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    with _sync_service.serving(rig.ANY_PORT) as port:
        assert _command.main(["client", f"--server_port={port}", f"--test_case={cases}"]) == status
    assert _lines(capsys.readouterr().out)[0]["result"] == "not_run"
