"""Packages made for grpcio, its companions and others', unchanged, on this library: a process each, and no grpcio."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from peers import companions, environment

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.interop, pytest.mark.slow]


@pytest.fixture(scope="module")
def packages() -> Path:
    try:
        return companions.folder()
    except companions.CompanionsUnavailable as error:
        pytest.fail(str(error), pytrace=False)


def _run(packages: Path, program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.interop.companions.{program}"],
        cwd=environment.ROOT,
        env={**os.environ, "PYTHONPATH": str(packages)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stdout.decode()) == (0, "")


def test_health_checking_works(packages: Path) -> None:
    _run(packages, "health")


def test_reflection_works(packages: Path) -> None:
    _run(packages, "reflection")


def test_rich_statuses_work(packages: Path) -> None:
    _run(packages, "status")


def test_its_doubles_of_channels_and_servers_work(packages: Path) -> None:
    _run(packages, "testing")


def test_a_generated_client_of_google_works(packages: Path) -> None:
    _run(packages, "google_client")


def test_opentelemetry_traces_both_sides(packages: Path) -> None:
    _run(packages, "tracing")


def test_grpc_interceptor_works(packages: Path) -> None:
    _run(packages, "interceptors")
