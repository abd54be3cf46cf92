"""Two joined sides with Face above them, and what to look at when everything is over."""

from __future__ import annotations

from concurrent import futures
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Tuple

from grpc.framework.core import implementations as core
from grpc.framework.crust import implementations as crust
from grpc.framework.foundation import logging_pool
from grpc.framework.interfaces.links import utilities as links_utilities
from tests.support.environment import FakeEnvironment

if TYPE_CHECKING:
    from grpc.framework.interfaces.base import base
    from grpc.framework.interfaces.face import face

GROUP = "test.Group"
METHOD = "Method"

# Seconds after which something that must happen has not; only failing tests get to wait for it.
LIMIT = 10.0

Methods = Mapping[Tuple[str, str], "face.MethodImplementation"]


class World:
    """An invocation End and a service End that reach each other, with a clock that the test moves.

    Attributes:
        environment: The clock of both sides.
        invocation_end: Where stubs invoke.
        service_end: Where the methods are served.
        stub_pool: The pool of stubs, or None.
        aside: Runs what would block the test.
    """

    def __init__(
        self,
        environment: FakeEnvironment,
        invocation_end: base.End,
        service_end: base.End,
        stub_pool: Optional[futures.Executor],
        service_pool: Optional[futures.Executor],
        threads: int,
    ) -> None:
        self.environment = environment
        self.invocation_end = invocation_end
        self.service_end = service_end
        self.stub_pool = stub_pool
        self.aside = futures.ThreadPoolExecutor(threads)
        self._pools: List[futures.Executor] = [self.aside]
        self._pools += [pool for pool in (stub_pool, service_pool) if pool is not None]

    @property
    def stub(self) -> face.GenericStub:
        """A generic stub."""
        return crust.generic_stub(self.invocation_end, self.stub_pool)

    def outcomes(self) -> Tuple[Dict[base.Outcome.Kind, int], Dict[base.Outcome.Kind, int]]:
        """How many operations have ended how, on either side; kinds that have not occurred left out."""
        sides = (self.invocation_end, self.service_end)
        invoked, served = ({kind: n for kind, n in side.operation_stats().items() if n} for side in sides)
        return invoked, served

    def await_idle(self) -> None:
        """Return when no operation is left on either side."""
        for end in (self.invocation_end, self.service_end):
            idle: futures.Future[None] = futures.Future()
            end.add_idle_action(lambda idle=idle: idle.set_result(None))  # type: ignore[misc]
            idle.result(LIMIT)

    def assert_nothing_left(self) -> None:
        """Both sides are idle, and no timer is pending."""
        self.await_idle()
        assert self.environment.pending == 0

    def close(self) -> None:
        """End whatever still runs, and the pools."""
        for end in (self.invocation_end, self.service_end):
            assert end.stop(0).wait(LIMIT)
        for pool in self._pools:
            pool.shutdown()


MakeWorld = Callable[..., World]


def in_memory(
    methods: Methods,
    multi_method: Optional[face.MultiMethodImplementation] = None,
    stub_pool: bool = True,
    service_pool: bool = True,
    threads: int = 8,
) -> World:
    """A world whose two Ends are joined to each other: a ticket is a method call."""
    environment = FakeEnvironment()
    pools: List[Any] = [logging_pool.pool(threads) if wanted else None for wanted in (stub_pool, service_pool)]
    servicer = crust.servicer(methods, multi_method, pools[1], environment)
    service_end = core.service_end_link(servicer, None, None, environment)
    invocation_end = core.invocation_end_link(environment)
    links_utilities.join(invocation_end, service_end)
    service_end.start()
    invocation_end.start()
    return World(environment, invocation_end, service_end, pools[0], pools[1], threads)
