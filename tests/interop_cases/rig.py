"""Clients of both APIs, run in this process with what their command line would say."""

from __future__ import annotations

import asyncio
from typing import Callable, List, Sequence

from grpc.interop import _aio_cases, _aio_service, _connecting, _flags, _rules, _sync_cases, _sync_service

Play = Callable[..., List[_rules.Result]]

ANY_PORT = "127.0.0.1:0"
# As few calls as still make a case what it is.
LASTING = _flags.Lasting(iterations=3, concurrency=10, spaced_calls=2, idle=0.0, acceptable_latency=20.0)


def _client(port: int, flags: Sequence[str]) -> _flags.Client:
    _, found = _flags.read(["client", f"--server_port={port}", "--test_case=all", *flags])
    client: _flags.Client = found
    return client._replace(lasting=LASTING)


def play_sync(port: int, *cases: str, flags: Sequence[str] = ()) -> List[_rules.Result]:
    """Run cases one after the other on one channel, and give what came of them."""
    results: List[_rules.Result] = []
    client = _client(port, flags)
    with _connecting.channel(client) as channel:
        for case in cases:
            with _rules.judged(case, results.append):
                _sync_cases.CASES[case](channel, client)
    return results


async def _played(port: int, *cases: str, flags: Sequence[str] = ()) -> List[_rules.Result]:
    results: List[_rules.Result] = []
    client = _client(port, flags)
    async with _connecting.aio_channel(client) as channel:
        for case in cases:
            with _rules.judged(case, results.append):
                await _aio_cases.CASES[case](channel, client)
    return results


def play_aio(port: int, *cases: str, flags: Sequence[str] = ()) -> List[_rules.Result]:
    """The same on the asynchronous API."""
    return asyncio.run(_played(port, *cases, flags=flags))


def play_among_sync(*cases: str) -> List[_rules.Result]:
    """Run cases against our own server of the same API."""
    with _sync_service.serving(ANY_PORT) as port:
        return play_sync(port, *cases)


async def _played_among_aio(*cases: str) -> List[_rules.Result]:
    async with _aio_service.serving(ANY_PORT) as port:
        return await _played(port, *cases)


def play_among_aio(*cases: str) -> List[_rules.Result]:
    """The same on the asynchronous API, client and server on one loop."""
    return asyncio.run(_played_among_aio(*cases))
