"""Programs that run in a process of their own, for what cannot be undone: forks, exits, patched standard libraries."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from typing import List

ROOT = pathlib.Path(__file__).resolve().parents[3]

# Seconds; only failing tests get to wait for it.
_LIMIT = 30

_BEGINNING = """
import os, signal, socket, sys, threading, warnings
# Python 3.12 and later warn of any fork beside threads; that it works all the same is what is tested.
warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
from grpc._io import addresses, threads
from grpc._io.threads import _driver
from grpc.framework.foundation.environment import Waiter
from tests.io.lines import LIMIT, LineConnection
from tests.io.threads.rig import echo, open_descriptors, until

def serve(security=None):
    driver = threads.server_driver()
    listener = driver.listen("127.0.0.1:0", security)
    served = []
    def accept(transport):
        connection = LineConnection(lambda line: answer(transport, connection, line))
        served.append((transport, connection))
        return connection
    def answer(transport, connection, line):
        if not line.startswith(b"no answer"):
            with transport.lock:
                connection.write(line + b"\\n")
            transport.settle()
    listener.start(accept)
    return driver, listener, served

def connect(port, security=None):
    driver = threads.client_driver()
    return (driver, *connect_again(driver, port, security))

def connect_again(driver, port, security=None):
    connection, opened, transports = LineConnection(), threading.Event(), []
    def open_connection(transport):
        transports.append(transport)
        opened.set()
        return connection
    (address,) = addresses.literal(f"127.0.0.1:{port}")
    driver.connect(address, open_connection, lambda reason, cause: print(reason) or opened.set(), security)
    assert opened.wait(LIMIT)
    until(lambda: driver.environment._transport is not None)
    return transports[0], connection

def call(driver, transport, connection, line):
    assert driver.environment.wait(echo(connection, transport, line), driver.environment.time() + LIMIT), line

def in_child(work):
    '''Fork, do some work in the child, return what it wrote.'''
    reading, writing = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            signal.alarm(int(LIMIT))
            os.write(writing, repr(work()).encode())
            os._exit(0)
        except BaseException as error:
            import traceback
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with open(reading, "rb") as pipe:
        said = pipe.read().decode()
    status = os.waitpid(pid, 0)[1]
    assert status == 0, (status, said)
    return eval(said)
"""


def run(program: str, *options: str, beginning: str = "") -> List[str]:
    """The lines that a program prints; it has to end by itself, with status 0 and nothing on its standard error."""
    process = subprocess.run(
        [sys.executable, *options, "-c", beginning + _BEGINNING + program],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_LIMIT,
    )
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    return process.stdout.splitlines()
