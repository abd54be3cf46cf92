"""Service sides that run in threads, and whose end any thread may wait for."""

from __future__ import annotations

import functools
import math
import threading
from typing import TYPE_CHECKING, Callable, Mapping, Optional, Tuple

from grpc._assembly import _serving
from grpc._assembly._limiting import LimitingServicer
from grpc._io import contract, threads
from grpc.framework.foundation import forking

if TYPE_CHECKING:
    from concurrent import futures

    from grpc._assembly.client import Options
    from grpc._values.compression import Compression
    from grpc.framework.interfaces.face import face


class ServerSide(_serving.ServerSide[contract.Driver], forking.Member):
    """What a server stands on: one End over HTTP/2, and one for every client side in this process.

    One that is dropped stops by itself.
    """

    def __init__(
        self,
        multi_method: face.MultiMethodImplementation,
        pool: Optional[futures.Executor],
        options: Options,
        maximum_concurrent_rpcs: Optional[int],
        compression: Optional[Compression],
        *,
        method_implementations: Optional[Mapping[Tuple[str, str], face.MethodImplementation]] = None,
        default_timeout: Optional[float] = None,
        maximum_timeout: Optional[float] = None,
        ended: Optional[Callable[[], None]] = None,
    ) -> None:
        """Make a server side; its reactor runs from now on, for the ports to be bound on.

        The arguments, and what is raised, are those of `_serving.ServerSide`.
        """
        self.stopped = threading.Event()
        super().__init__(
            threads.server_driver,
            multi_method,
            pool,
            options,
            maximum_concurrent_rpcs,
            compression,
            method_implementations,
            default_timeout,
            maximum_timeout,
            ended,
        )
        forking.register(self)

    def after_fork_in_child(self) -> None:
        # The RPCs are the parent's, with the threads that serve them; here nobody is told of any end.
        self._lock = threading.Lock()
        for end in self._ends:
            end.after_fork_in_child()
        self._link.after_fork_in_child()
        if isinstance(self._servicer, LimitingServicer):
            self._servicer.after_fork_in_child()

    def __del__(self) -> None:
        # Nobody can stop it any more; the RPCs that it serves are given their time.
        if not self._stopping:
            self._driver.environment.call_from_finalizer(functools.partial(self.stop, math.inf))

    def stop(self, grace: Optional[float]) -> threading.Event:
        """Refuse new RPCs at once, give running ones `grace` seconds, then abort them; see `grpc.Server.stop`.

        Returns:
          An event that is set when everything has ended. With no grace it is set on return.
        """
        self._begin_to_stop(grace)
        if not grace:
            self.stopped.wait()
            self._driver.close()  # waits for the thread, which `_one_finished` may have been on
        elif not self.stopped.is_set():
            environment = self._driver.environment
            environment.call_at(environment.time() + grace, self._link.hurry)
        return self.stopped

    def _finish(self) -> None:
        self.stopped.set()
