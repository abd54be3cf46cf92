"""Runs of calls through bad weather: one generation of servers, proxies, channels and callers after another.

A generation is built, lives through storms with calms between, and is closed: every other time quietly, after its
callers have gone, else while they are calling. In a calm each channel must recover by itself. The first generation only
warms up; after each other one there must be no more threads, descriptors, objects and memory than after the first.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
import traceback
from typing import TYPE_CHECKING, Callable, Counter, Iterator, List, Optional

from tests.faults import census
from tests.faults.heart import Heart
from tests.faults.ledger import Ledger
from tests.faults.plans import PlannedError
from tests.faults.rigs import PAIRS, SERVER_OPTIONS, SERVER_VARIANTS, Loop, Rig, Server, Weather, dead_port

if TYPE_CHECKING:
    from tests.faults.proxy import Proxy

__all__ = ["PAIRS", "Hung", "Soak", "Weather"]

REST_SLACK = 150
"""By how many objects of a class two generations may differ while nothing is called and everything is open.

There are some for each connection and each of its latest streams.
A thousandth of a run's calls leaving one object each would be more.
"""

_REMEMBERED = ("grpc._links._requests.Request", "hpack.struct.HeaderTuple")
"""What each connection keeps of header blocks that it has read, up to bounds of its own."""


class _Logged(logging.Handler):
    """Takes the library's log: what is said there, and was not planned, breaks a rule."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(logging.WARNING)
        self._ledger = ledger

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, PlannedError):
            return
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__)) if error else ""
        self._ledger.broken("log", None, f"{record.name}: {record.getMessage()}\n{text}")


class Hung(Exception):
    """Something did not end; what it holds cannot be closed any more."""


class Soak:
    """A run. Made, then `run` once.

    Attributes:
      ledger: What was called, what came of it, and what is broken.
      faults: How many faults of each kind there were.
    """

    def __init__(self, weather: Weather, report: Callable[[str], None]) -> None:
        """Make a run; it says what it finds, and how it goes, in texts to `report`."""
        self.ledger = Ledger(weather.seed, report)
        self.faults: Counter[str] = Counter()
        self.generations = 0
        self._weather = weather
        self._report = report
        self._rigs: List[Rig] = []
        self._resting = threading.Event()
        self._at_rest: Optional[census.Census] = None

    def run(self) -> None:
        """Live all generations.

        Raises:
          Hung: Something did not end, which is reported; threads may be left.
        """
        logged = _Logged(self.ledger)
        loggers = [logging.getLogger(name) for name in ("grpc", "asyncio", "concurrent")]
        for logger in loggers:
            logger.addHandler(logged)
            logger.propagate = False  # who kept the records would keep their tracebacks, and calls in these
        try:
            with Heart(self._report) as heart:
                self.ledger.stood_still = heart.stopped_between
                self._run()
        finally:
            for logger in loggers:
                logger.removeHandler(logged)
                logger.propagate = True

    def _run(self) -> None:
        weather = self._weather
        end = time.monotonic() + weather.seconds
        self._generation(0, weather.warming, loud=True)
        before = census.take()
        while True:
            left = end - time.monotonic()
            if left < weather.storm and self.generations > 1:
                return
            number = self.generations
            self._generation(number, min(weather.life, max(weather.storm, left)), loud=number % 2 == 0)
            after, complaints = census.settled(before)
            for complaint in complaints:
                self.ledger.broken("leak", None, f"after generation {number}: {complaint}")
            if complaints:
                before = after  # each leak is told once

    def _generation(self, number: int, life: float, loud: bool) -> None:
        dice = random.Random(f"{self._weather.seed}/{number}")
        with contextlib.ExitStack() as stack:
            loop = stack.enter_context(Loop())
            servers = self._open(stack, loop, number, dice)
            stopping = threading.Event()
            for rig in self._rigs:
                rig.begin_calls(stopping.is_set, self._resting.is_set, f"{self._weather.seed}/{number}")
            self._storms(life, loud, servers, dice)
            if not loud:
                stopping.set()
                self._await_callers()
                self._look_at_rest(number)
            self.ledger.closing = True
            for rig in self._rigs:
                rig.close()
            grace = dice.choice((None, 0.5)) if loud else None
            for server in servers:
                if not server.stop(grace):
                    self.ledger.broken("stuck", None, "a server did not stop within 30 s")
            stopping.set()
            self._await_callers()
            self._await_handlers()
            self.ledger.closing = False
            for proxy in self._proxies():
                self.faults.update(proxy.count)
            self._rigs.clear()
            self.ledger.close()
        for complaint in loop.complaints:
            self.ledger.broken("loop", None, complaint)
        self.generations += 1

    def _open(self, stack: contextlib.ExitStack, loop: Loop, number: int, dice: random.Random) -> List[Server]:
        weather = self._weather
        pairs = PAIRS[weather.api]
        servers, variants = {}, {}
        for api in sorted({server for _, server in pairs}):
            variants[api] = dice.choice(SERVER_VARIANTS)
            servers[api] = Server(api, SERVER_OPTIONS + variants[api], weather, self.ledger, loop)
        dead = stack.enter_context(dead_port())
        for each, (client, server) in enumerate(pairs):
            rig = Rig(each, client, server, weather, self.ledger, dice)
            rig.server_variant = str(variants[server] or "plain")
            self._rigs.append(rig)
            rig.open_proxies(stack, servers[server].port, number)
            rig.open_channel(dead, loop)
        return list(servers.values())

    def _proxies(self) -> Iterator[Proxy]:
        return (proxy for rig in self._rigs for proxy in rig.proxies)

    def _storms(self, life: float, loud: bool, servers: List[Server], dice: random.Random) -> None:
        end = time.monotonic() + life
        while True:
            storm_ends = min(end, time.monotonic() + self._weather.storm)
            restart_at = time.monotonic() + dice.uniform(0.3, 2) * self._weather.storm
            while time.monotonic() < storm_ends:
                time.sleep(0.1)
                self._check()
                if time.monotonic() > restart_at:
                    restart_at = storm_ends
                    self._restart(dice.choice(servers), dice.choice((None, 0.3, 1.0)))
            over = time.monotonic() >= end
            if loud and over:
                return
            self._calm()
            if over:
                return

    def _restart(self, server: Server, grace: Optional[float]) -> None:
        if not server.stop(grace):
            self.ledger.broken("stuck", None, "a server did not stop within 30 s")
        server.start()
        self.faults["restart"] += 1
        for rig in self._rigs:
            if rig.server == server.api:
                for proxy in rig.proxies:
                    proxy.target = ("127.0.0.1", server.port)

    def _calm(self) -> None:
        known_finds = len(self.ledger.finds)
        self._resting.set()
        for proxy in self._proxies():
            proxy.calm = True
            proxy.wake()
        recovering = []
        for rig in self._rigs:
            known = len(rig.threads), len(rig.tasks)
            rig.begin_recovery()
            recovering.append((rig.threads[known[0] :], rig.tasks[known[1] :]))
        while any(
            any(thread.is_alive() for thread in threads) or any(not task.done() for task in tasks)
            for threads, tasks in recovering
        ):
            time.sleep(0.05)
            self._check()
        self._resting.clear()
        for proxy in self._proxies():
            proxy.calm = False
        if len(self.ledger.finds) > known_finds:
            self._tell_circumstances()

    def _await_callers(self) -> None:
        while any(rig.busy for rig in self._rigs):
            time.sleep(0.05)
            self._check()
        for rig in self._rigs:
            rig.finish()

    def _await_handlers(self) -> None:
        end = time.monotonic() + 10
        while self.ledger.going_on and time.monotonic() < end:
            time.sleep(0.05)

    def _look_at_rest(self, number: int) -> None:
        """With everything open and no call going on: no generation may have many more objects than another."""
        self._await_handlers()
        now = census.take(memory=False)
        at_rest = self._at_rest if self._at_rest is not None else now
        self._at_rest = at_rest
        for name, count in now.objects.items():
            if count > at_rest.objects[name] + REST_SLACK and name not in _REMEMBERED:
                text = f"at rest in generation {number}: {count} {name}, {at_rest.objects[name]} in the first one"
                self.ledger.broken("leak", None, text)

    def _tell_circumstances(self) -> None:
        """Report what the rigs are, and what befell their connections of late."""
        self._report(f"  it is {time.monotonic():.3f} now, in generation {self.generations}")
        for rig in self._rigs:
            self._report(f"  {rig.name} is {rig.variant}, its server has {rig.server_variant}")
            for proxy in rig.proxies:
                for line in proxy.log:
                    self._report(f"    {line}")

    def _check(self) -> None:
        if not self.ledger.check():
            self._tell_circumstances()
            raise Hung("a call or a handler did not end in time")
