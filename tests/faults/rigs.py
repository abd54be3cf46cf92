"""What a generation is made of: a loop, servers, and rigs.

A rig is one client API against one server API, over a channel and one or two proxies of its own. Which options channel
and server have is thrown by the dice, each time anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import random
import socket
import threading
from concurrent import futures
from typing import TYPE_CHECKING, Any, Callable, Coroutine, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import grpc
from grpc.beta import implementations as beta
from tests.faults import aio_callers, beta_callers, service, sync_callers
from tests.faults.plans import Styles
from tests.faults.proxy import Proxy
from tests.faults.script import make_script
from tests.io import certificates

if TYPE_CHECKING:
    from tests.faults.ledger import Ledger

PAIRS = {
    "sync": (("sync", "sync"), ("beta", "sync")),
    "aio": (("aio", "aio"),),
    "both": (("sync", "sync"), ("sync", "aio"), ("beta", "sync"), ("beta", "aio"), ("aio", "sync"), ("aio", "aio")),
}
"""Which client APIs call which server APIs."""

STEADY = 5
"""How many calls must end OK in a calm, one after another, once the first one has."""

_POOL = 48

_CHANNEL_OPTIONS: Tuple[Tuple[str, Any], ...] = (
    ("grpc.keepalive_time_ms", 1000),
    ("grpc.keepalive_timeout_ms", 1000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2000),
    ("grpc.max_reconnect_backoff_ms", 400),
)
SERVER_OPTIONS: Tuple[Tuple[str, Any], ...] = (
    ("grpc.keepalive_time_ms", 2000),
    ("grpc.keepalive_timeout_ms", 1500),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 5),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_ping_strikes", 0),
)
SERVER_VARIANTS: Tuple[Tuple[Tuple[str, Any], ...], ...] = (
    (),
    (("grpc.max_concurrent_streams", 3),),
    (("grpc.max_connection_age_ms", 1500), ("grpc.max_connection_age_grace_ms", 1000)),
    (("grpc.http2.lookahead_bytes", 65_536), ("grpc.http2.max_frame_size", 16_384)),
    (("grpc.max_connection_idle_ms", 50),),
)
_RETRIES = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 4,
                    "initialBackoff": "0.05s",
                    "maxBackoff": "0.5s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ]
    }
)
_CHANNEL_VARIANTS = ("plain", "retries", "two addresses", "round robin", "small windows")


class Weather(NamedTuple):
    """How a run goes.

    Attributes:
      seconds: How long, about, the warming up included.
      seed: Of everything that is chosen.
      api: A key of `PAIRS`.
      tls: Whether to speak TLS.
      callers: How many callers each rig has.
      warming: How many seconds the first generation lives.
      life: How many seconds the others live.
      storm: How many seconds a storm lasts.
    """

    seconds: float
    seed: int
    api: str = "both"
    tls: bool = False
    callers: int = 3
    warming: float = 2.0
    life: float = 16.0
    storm: float = 4.0


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self.complaints: List[str] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="faults-loop", daemon=True)

    async def _main(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.loop.set_exception_handler(self._complain)
        self._over = asyncio.Event()
        self._ready.set()
        await self._over.wait()
        for _ in range(100):
            if len(asyncio.all_tasks()) == 1:
                return
            await asyncio.sleep(0.05)
        left = [repr(task) for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        self.complaints.append(f"tasks left on the loop: {left}")

    def _complain(self, loop: asyncio.AbstractEventLoop, context: Any) -> None:
        self.complaints.append(f"the loop complains: {context}")

    def begin(self, main: Coroutine[Any, Any, Any]) -> futures.Future[Any]:
        """Run a coroutine; any other thread may wait for it."""
        return asyncio.run_coroutine_threadsafe(main, self.loop)

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine and wait for it."""
        return self.begin(main).result(90)

    def __enter__(self) -> Loop:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self._over.set)
        self._thread.join(20)


@functools.cache
def _channel_credentials(module: Any) -> Any:
    return module.ssl_channel_credentials(certificates.roots("first"))


@functools.cache
def _server_credentials() -> Any:
    key, chain = certificates.identity("localhost", "127.0.0.1")
    return grpc.ssl_server_credentials([(key, chain)])


async def _call(function: Callable[[], Any]) -> Any:
    return function()


class Rig:
    """One client API against one server API; see the module."""

    def __init__(self, number: int, client: str, server: str, weather: Weather, ledger: Ledger, dice: random.Random):
        self.client = client
        self.server = server
        self.name = f"{client}-to-{server}-{number}"
        self._number = number
        self._weather = weather
        self._ledger = ledger
        self._dice = dice
        self.variant = "plain" if client == "beta" else dice.choice(_CHANNEL_VARIANTS)
        self.server_variant = ""
        self.proxies: List[Proxy] = []
        self.threads: List[threading.Thread] = []
        self.tasks: List[futures.Future[Any]] = []
        modules = {"sync": sync_callers, "aio": aio_callers, "beta": beta_callers}
        styles = modules[client].STYLES
        # beta channels take no options: no keepalive
        self._styles = Styles(styles, client != "beta", self.variant == "retries", client != "beta")

    def open_proxies(self, stack: contextlib.ExitStack, port: int, generation: int) -> None:
        """Make the proxies before the server's port."""
        count = 2 if self.variant == "round robin" else 1
        for each in range(count):
            name = f"{self.name}-proxy-{each}"
            seed = f"{self._weather.seed}/{generation}/{name}"

            def script_of(connection: int, seed: str = seed) -> Any:
                return make_script(random.Random(f"{seed}/{connection}"))

            self.proxies.append(stack.enter_context(Proxy(("127.0.0.1", port), script_of, name)))

    def _target(self, dead: int) -> str:
        addresses = [f"127.0.0.1:{proxy.port}" for proxy in self.proxies]
        if self.variant == "two addresses":
            addresses.insert(0, f"127.0.0.1:{dead}")
        return addresses[0] if len(addresses) == 1 else "ipv4:" + ",".join(addresses)

    def open_channel(self, dead: int, loop: Optional[Loop]) -> None:
        """Make the channel.

        Args:
          dead: A port where nobody listens.
          loop: Where a channel of `grpc.aio` lives.
        """
        self._loop = loop
        if self.client == "beta":
            port = self.proxies[0].port
            if self._weather.tls:
                self.channel: Any = beta.secure_channel("127.0.0.1", port, _channel_credentials(beta))
            else:
                self.channel = beta.insecure_channel("127.0.0.1", port)
            return
        options: Tuple[Tuple[str, Any], ...] = _CHANNEL_OPTIONS
        if self.variant == "retries":
            options += (("grpc.service_config", _RETRIES),)
        if self.variant == "round robin":
            options += (("grpc.lb_policy_name", "round_robin"),)
        if self.variant == "small windows":
            options += (("grpc.http2.lookahead_bytes", 65_536), ("grpc.http2.max_frame_size", 16_384))
        target = self._target(dead)
        api: Any = grpc.aio if self.client == "aio" else grpc

        def make() -> Any:
            if self._weather.tls:
                override = (("grpc.ssl_target_name_override", "localhost"),)
                return api.secure_channel(target, _channel_credentials(grpc), options + override)
            return api.insecure_channel(target, options)

        self.channel = loop.run(_call(make)) if self.client == "aio" and loop is not None else make()

    def _caller(self, name: str, seed: str) -> Any:
        first = (self._number << 48) + (hash_of(name) << 32)
        arguments = (self._ledger, random.Random(seed), f"{self.name} {name}", first)
        if self.client == "sync":
            return sync_callers.Caller(self.channel, *arguments)
        if self.client == "aio":
            return aio_callers.Caller(self.channel, *arguments)
        stub = beta.dynamic_stub(self.channel, service.SERVICE, beta_callers.CARDINALITIES)
        return beta_callers.Caller(stub, *arguments)

    def begin_calls(self, stopped: Callable[[], bool], resting: Callable[[], bool], seed: str) -> None:
        """Start the callers."""
        for each in range(self._weather.callers):
            caller = self._caller(f"caller {each}", f"{seed}/{self.name}/{each}")
            self._start(caller.run, self._styles, stopped, resting)
        self._pulse = self._caller("pulse", f"{seed}/{self.name}/pulse")

    def begin_recovery(self) -> None:
        """Start a caller that ends when a call has ended OK."""
        # Of several connections one may be up and the other one still be found to be down.
        self._start(self._pulse.recover, self._styles, 0 if self.variant == "round robin" else STEADY)

    def _start(self, run: Callable[..., Any], *arguments: Any) -> None:
        if self.client == "aio":
            assert self._loop is not None
            self.tasks.append(self._loop.begin(run(*arguments)))
            return
        name = f"faults-{self.name}-{len(self.threads)}"
        thread = threading.Thread(target=self._guarded, args=(run, *arguments), name=name, daemon=True)
        thread.start()
        self.threads.append(thread)

    def _guarded(self, run: Callable[..., Any], *arguments: Any) -> None:
        try:
            run(*arguments)
        except Exception as error:
            self._ledger.broken("caller", None, f"{self.name}: a caller raised {error!r}")

    @property
    def busy(self) -> bool:
        """Whether callers are at work."""
        return any(thread.is_alive() for thread in self.threads) or any(not task.done() for task in self.tasks)

    def finish(self) -> None:
        """The callers have gone: say what they raised."""
        for task in self.tasks:
            if task.done() and task.exception() is not None:
                self._ledger.broken("caller", None, f"{self.name}: a caller raised {task.exception()!r}")
        self.threads.clear()
        self.tasks.clear()

    def close(self) -> None:
        """Close the channel."""
        if self.client == "aio":
            assert self._loop is not None
            self._loop.run(self.channel.close())
        else:
            self.channel.close()
        del self._pulse, self.channel


def hash_of(name: str) -> int:
    """A number below 2**12 for a name, the same in every process."""
    return int.from_bytes(name.encode()[-4:], "big") % 4093


class Server:
    """A server of one API."""

    def __init__(self, api: str, options: Sequence[Tuple[str, Any]], weather: Weather, ledger: Ledger, loop: Loop):
        self.api = api
        self._options = options
        self._weather = weather
        self._ledger = ledger
        self._loop = loop
        self.start()

    def start(self) -> None:
        """Start it, or another one in its place, on a port of its own."""
        weather, loop, options, ledger = self._weather, self._loop, self._options, self._ledger
        self._pool: Optional[futures.ThreadPoolExecutor] = None
        if self.api == "sync":
            self._pool = futures.ThreadPoolExecutor(_POOL, thread_name_prefix="faults-handlers")
            self._server: Any = grpc.server(self._pool, options=options)
            self._server.add_generic_rpc_handlers((service.sync_handlers(ledger),))
            self.port = self._bind(weather.tls)
            self._server.start()
        else:
            self.port = loop.run(self._start(options, weather.tls, ledger))

    async def _start(self, options: Sequence[Tuple[str, Any]], tls: bool, ledger: Ledger) -> int:
        self._server = grpc.aio.server(options=options)
        self._server.add_generic_rpc_handlers((service.aio_handlers(ledger),))
        port = self._bind(tls)
        await self._server.start()
        return port

    def _bind(self, tls: bool) -> int:
        if tls:
            return int(self._server.add_secure_port("127.0.0.1:0", _server_credentials()))
        return int(self._server.add_insecure_port("127.0.0.1:0"))

    def stop(self, grace: Optional[float]) -> bool:
        """Stop it; whether it did, in time."""
        if self.api == "aio":
            self._loop.run(self._server.stop(grace))
            stopped = True
        else:
            stopped = self._server.stop(grace).wait(30)
        if self._pool is not None:
            self._pool.shutdown(wait=stopped)
        del self._server
        return stopped


@contextlib.contextmanager
def dead_port() -> Iterator[int]:
    """A port that is taken, and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
