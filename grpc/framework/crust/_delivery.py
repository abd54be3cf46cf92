"""Values handed to customers' code as they arrive: in order, one call at a time, and no thread waits for them."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any, Callable, Optional

from grpc.framework.crust import _incoming
from grpc.framework.foundation import serial

if TYPE_CHECKING:
    from concurrent import futures

    from grpc.framework.foundation.environment import Environment

_LOGGER = logging.getLogger(__name__)

Call = Callable[[serial.Effect], None]


class Delivery(_incoming.Incoming):
    """A side whose customer is handed the values: in a pool, or else as the environment executes customers' code.

    `_serial` sees to it that there is one call at a time.
    """

    __slots__ = ()

    def _expect_delivery(self, pool: Optional[futures.Executor]) -> None:
        """Be ready to hand values over. Done once, before `_schedule` is called."""
        execute = functools.partial(_execute, self._environment) if pool is None else pool.submit
        self._serial = serial.Serial(execute)

    def _schedule(self) -> None:
        """Have everything that is there handed over, after what is being handed over now. The lock is not held."""
        try:
            self._serial.append(self._deliver)
        except RuntimeError as error:  # what an executor raises that has been shut down
            _LOGGER.warning("The pool takes no more work (%s); an RPC ends because of that", error)
            # What is left to say is said all the same: that the RPC was aborted.
            self._expect_delivery(None)
            self._operation.fail(error)
            self._serial.append(self._deliver)

    def _deliver(self) -> None:
        """Hand over all that is there. Never called by two threads at once, nor within itself."""
        raise NotImplementedError


def _execute(environment: Environment, run: Call, effect: serial.Effect) -> Any:
    environment.execute(functools.partial(run, effect))
