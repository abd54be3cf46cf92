"""`client` and `server`, as their command lines say: results and the port go to stdout as lines of JSON."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from typing import Callable, List, Optional, Sequence

import grpc
from grpc.interop import _aio_cases, _aio_service, _connecting, _flags, _rules, _sync_cases, _sync_service

FAILED, NOT_RUN = 1, 3


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run a client or a server.

    Args:
        arguments: The words after the program; those of this process by default.

    Returns:
        The exit status: 0 when all went well; of a client 1 when a case failed, 3 when none did and none was run.

    Raises:
        SystemExit: For wrong usage (status 2) and after `--help` (status 0).
    """
    command, found = _flags.read(arguments)
    return _call(found) if command == "client" else _serve(found)


def _say(line: str) -> None:
    print(line, flush=True)


# ------------------------------------------------------------ client


def _call(client: _flags.Client) -> int:
    results: List[_rules.Result] = []

    def tell(result: _rules.Result) -> None:
        results.append(result)
        _say(result.line())

    if client.api == "aio":
        asyncio.run(_call_aio(client, tell))
    else:
        _call_sync(client, tell)
    found = {result.result for result in results}
    if _rules.FAILED in found:
        return FAILED
    return 0 if _rules.PASSED in found else NOT_RUN


def _call_sync(client: _flags.Client, tell: Callable[[_rules.Result], None]) -> None:
    for name in client.cases:
        with _rules.judged(name, tell), _connecting.channel(client) as channel:
            _sync_cases.CASES[name](channel, client)


async def _call_aio(client: _flags.Client, tell: Callable[[_rules.Result], None]) -> None:
    for name in client.cases:
        with _rules.judged(name, tell):
            async with _connecting.aio_channel(client) as channel:
                await _aio_cases.CASES[name](channel, client)


# ------------------------------------------------------------ server


def _serve(server: _flags.Server) -> int:
    credentials = None if server.identity is None else grpc.ssl_server_credentials([server.identity])
    if server.api == "aio":
        asyncio.run(_serve_aio(server, credentials))
    else:
        _serve_sync(server, credentials)
    return 0


def _serve_sync(server: _flags.Server, credentials: Optional[grpc.ServerCredentials]) -> None:
    over = threading.Event()
    with _sync_service.serving(server.address, credentials) as port:
        _when_told(over.set, server.stop_with_stdin)
        _say(json.dumps({"port": port}))
        over.wait()


async def _serve_aio(server: _flags.Server, credentials: Optional[grpc.ServerCredentials]) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with _aio_service.serving(server.address, credentials) as port:
        _when_told(lambda: loop.call_soon_threadsafe(over.set), server.stop_with_stdin)
        _say(json.dumps({"port": port}))
        await over.wait()


def _when_told(stop: Callable[[], object], stop_with_stdin: bool) -> None:
    """Have `stop` called when the process is told to end: by a signal, or by the end of its stdin."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop())
    if stop_with_stdin:
        threading.Thread(target=_watch_stdin, args=(stop,), name="grpc-interop-stdin", daemon=True).start()


def _watch_stdin(stop: Callable[[], object]) -> None:
    # Past sys.stdin, whose lock a daemon must not hold when the interpreter ends.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stop()
