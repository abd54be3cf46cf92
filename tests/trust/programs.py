"""Programs that run in a process of their own, under a time limit, and what they have to say."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from typing import List, NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Seconds; only failing tests get to wait for it.
_LIMIT = 30.0

_BEGINNING = """
import asyncio, faulthandler, gc, os, queue, signal, subprocess, sys, threading, time, warnings, weakref
from concurrent import futures
# Python 3.12 and later warn of any fork beside threads; that it works all the same is what is tested.
warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
faulthandler.register(signal.SIGALRM, chain=True)
signal.alarm(25)
import grpc
from tests.trust.world import *
"""


class Ended(NamedTuple):
    """How a program ended.

    Attributes:
      status: Its exit status, or the negative number of the signal that ended it.
      lines: What it printed.
      errors: What it wrote to its standard error.
    """

    status: int
    lines: List[str]
    errors: str


def lives(program: str, *options: str, beginning: str = "") -> Ended:
    """Run a program to its end, whatever that is.

    Args:
      program: Its text, which follows the imports that all have.
      options: For the interpreter.
      beginning: What precedes all imports.

    Raises:
      TimeoutExpired: It hangs; the process has been killed.
    """
    ended = subprocess.run(
        [sys.executable, *options, "-c", beginning + _BEGINNING + program],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_LIMIT,
    )
    return Ended(ended.returncode, ended.stdout.splitlines(), ended.stderr)


def run(program: str, *options: str, beginning: str = "") -> List[str]:
    """The lines that a program prints; it has to end by itself, with status 0 and nothing on its standard error."""
    ended = lives(program, *options, beginning=beginning)
    assert (ended.status, ended.errors) == (0, ""), f"status {ended.status}, said:\n{ended.errors}\n{ended.lines}"
    return ended.lines
