"""Script: the client of the blocking API; ours or grpcio's, whichever ``grpc`` the interpreter finds.

100 calls in flight can be had in three ways, and the harness compares libraries at the way that suits grpcio best
(``benchmarks/workloads/unary_in_flight.py`` says which that is); all three stay here so that it can be checked again.
"""

from __future__ import annotations

import collections
import sys
import threading
from typing import Any, Callable, Deque, Dict, List, Mapping, Tuple

import measuring
import messages
import sync_holder
import sync_streams
import usage
from measuring import Stopwatch, now

import grpc

Form = Callable[[Any, bytes, int, Stopwatch], None]


def window(call: Any, payload: bytes, in_flight: int, stopwatch: Stopwatch) -> None:
    """Keep a window of futures, take the results in the order of the calls."""
    waiting: Deque[Tuple[Any, int]] = collections.deque()
    for _ in range(in_flight):
        started = now()
        waiting.append((call.future(payload), started))
    while waiting:
        future, started = waiting.popleft()
        stopwatch.done(started, future.result() == payload)
        if not stopwatch.over():
            started = now()
            waiting.append((call.future(payload), started))


def callbacks(call: Any, payload: bytes, in_flight: int, stopwatch: Stopwatch) -> None:
    """Start the next call from the done-callback of the one before, in as many chains as there are calls in flight."""
    chains = threading.Semaphore(0)
    failures: List[BaseException] = []

    def start() -> None:
        started = now()

        def on_done(future: Any) -> None:
            # Callbacks may not raise, and a chain that breaks must not be waited for.
            try:
                stopwatch.done(started, future.result() == payload)
            except Exception as failure:
                failures.append(failure)
            if failures or stopwatch.over():
                chains.release()
            else:
                start()

        call.future(payload).add_done_callback(on_done)

    for _ in range(in_flight):
        start()
    for _ in range(in_flight):
        chains.acquire()
    if failures:
        raise failures[0]


def threads(call: Any, payload: bytes, in_flight: int, stopwatch: Stopwatch) -> None:
    """Make blocking calls in as many threads as there are calls in flight."""

    failures: List[BaseException] = []

    def work() -> None:
        try:
            while not failures and not stopwatch.over():
                started = now()
                stopwatch.done(started, call(payload) == payload)
        except Exception as failure:
            failures.append(failure)

    workers = [threading.Thread(target=work) for _ in range(in_flight)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]


FORMS: Dict[str, Form] = {"window": window, "callbacks": callbacks, "threads": threads}


class Client:
    """The drivers, over one channel."""

    def __init__(self, channel: Any) -> None:
        # No serializers: payloads are bytes on both sides.
        self._echo = channel.unary_unary(messages.method("Echo"))

    def unary_sequence(self, parameters: Mapping[str, Any], stopwatch: Stopwatch) -> None:
        """Make blocking calls, one after another."""
        payload, echo = bytes(parameters["payload_bytes"]), self._echo
        while not stopwatch.over():
            started = now()
            stopwatch.done(started, echo(payload) == payload)

    def unary_in_flight(self, parameters: Mapping[str, Any], stopwatch: Stopwatch) -> None:
        """Keep so many calls in flight, in the form that the parameters name."""
        payload = bytes(parameters["payload_bytes"])
        FORMS[parameters["form"]](self._echo, payload, parameters["in_flight"], stopwatch)


def main(port: str) -> None:
    """Connect to ``port`` and obey the harness."""
    usage.raise_file_limit()
    target = f"127.0.0.1:{port}"
    with grpc.insecure_channel(target, options=messages.OPTIONS) as channel:
        client = Client(channel)
        unary = {"unary_sequence": client.unary_sequence, "unary_in_flight": client.unary_in_flight}
        measuring.obey_client({**unary, **sync_streams.drivers(channel), **sync_holder.drivers(target)})


if __name__ == "__main__":
    main(*sys.argv[1:])
