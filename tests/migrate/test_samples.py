"""Programs as they were written for the beta API: each becomes what stands beside it, and what is rewritten runs."""

from __future__ import annotations

import io
import os
import pathlib
import subprocess
import sys
from concurrent import futures
from typing import Any, Dict, Iterator

import pytest

import grpc
from grpc._migrate import run
from grpc._migrate._judging import judge

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SAMPLES = ROOT / "tests" / "migrate" / "samples"
NAMES = sorted(path.name for path in SAMPLES.iterdir())

CREATION = "server = beta_create_Greeter_server(Greeter())"
IMPORT = "from greeter_pb2 import beta_create_Greeter_server\n"


def text(name: str, which: str) -> str:
    return (SAMPLES / name / f"{which}.txt").read_text(encoding="utf-8")


def listing(path: pathlib.Path, *, write: bool = False) -> str:
    out = io.StringIO()
    run([str(path)], write=write, out=out)
    return out.getvalue().replace(str(path), "sample.py")


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_reported_as_expected(name: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "sample.py"
    path.write_text(text(name, "before"), encoding="utf-8")
    assert [line.rstrip() for line in listing(path).splitlines()] == text(name, "report").splitlines()
    assert path.read_text(encoding="utf-8") == text(name, "before")


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_rewritten_as_expected_and_only_once(name: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "sample.py"
    path.write_text(text(name, "before"), encoding="utf-8")
    listing(path, write=True)
    assert path.read_text(encoding="utf-8") == text(name, "after")
    listing(path, write=True)
    assert path.read_text(encoding="utf-8") == text(name, "after")


@pytest.mark.parametrize("name", NAMES)
def test_what_was_left_in_a_sample_is_still_left_in_a_second_run(name: str) -> None:
    left = judge(text(name, "before").encode()).left
    second = judge(text(name, "after").encode())
    assert bool(second.left) == bool(left)
    assert not [finding for finding in second.findings if finding.mechanical]


# ------------------------------------------------------------ what is rewritten runs


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    """A folder with the generated modules that the samples import; it is on the path."""
    (tmp_path / "greeter_pb2.py").write_text(
        "from tests.modern.generated.greeter_pb2 import *\nfrom tests.beta.generated.greeter_grpc_1_0 import *\n"
    )
    (tmp_path / "greeter_pb2_grpc.py").write_text("from tests.modern.generated.grpc_1_7 import *\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in ("greeter_pb2", "greeter_pb2_grpc"):
        sys.modules.pop(name, None)


def program(name: str, which: str) -> Dict[str, Any]:
    """The globals of a sample that has been executed."""
    found: Dict[str, Any] = {"__name__": f"sample_{name}_{which}"}
    exec(compile(text(name, which), f"{name}/{which}.txt", "exec", dont_inherit=True), found)
    return found


def finished_server(pool: futures.Executor) -> Dict[str, Any]:
    """The rewritten server with the one thing done that its comment asks for."""
    (comment,) = [
        line.strip() for line in text("inline_server", "after").splitlines() if "# grpc-migrate: beta_create" in line
    ]
    words = comment.split(": ", 2)[2]
    source = text("inline_server", "after").replace(CREATION, words).replace(IMPORT, "")
    assert "beta" not in source.replace(comment, "").replace("beta_create_Greeter_server: the", "")
    found: Dict[str, Any] = {"__name__": "sample_finished", "futures": _Futures(pool)}
    exec(compile(source, "inline_server/finished", "exec", dont_inherit=True), found)
    return found


class _Futures:
    """Stands for `concurrent.futures`, and lends a pool that the test ends."""

    def __init__(self, pool: futures.Executor) -> None:
        self._pool = pool

    def ThreadPoolExecutor(self, max_workers: int) -> futures.Executor:
        assert max_workers == 8
        return self._pool


SAYS = """\
Hello, world!
Hello, again! True True
Hello, future!
once
once
how are you
['HOW', 'ARE', 'YOU']
True a name is needed
"""


def call(folder: pathlib.Path, which: str, port: int) -> str:
    """What the sample client prints; a process of its own, for it leaves its channel to the end of the process."""
    path = folder / "client.py"
    path.write_text(text("client", which), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", str(path), "127.0.0.1", str(port)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("client", ["before", "after"])
@pytest.mark.parametrize("server", ["before", "finished"])
def test_client_and_server_of_either_era_understand_each_other(client: str, server: str, folder: pathlib.Path) -> None:
    with futures.ThreadPoolExecutor(max_workers=8) as pool:
        served = program("inline_server", "before") if server == "before" else finished_server(pool)
        running, port = served["serve"]("127.0.0.1:0")
        assert isinstance(running, grpc.Server) is (server == "finished")
        try:
            assert call(folder, client, port) == SAYS
        finally:
            running.stop(None).wait(10)
