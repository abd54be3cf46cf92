"""The driver of the asynchronous API: everything on one event loop, in one thread.

* `_transport`: a connection on a transport of asyncio's, and when it writes.
* `_last_reads`: what it reads when it can write no more.
* `_connecting`, `_listening`: how transports begin.
* `_registry`: what lives on the loop, so that its end can be awaited.
* `_environment`: clock and timers of the Ends.
* `_driver`: the above as a `contract.Driver`.
"""

from grpc._io.aio._driver import Driver, Loop, driver
from grpc._io.aio._registry import Latch

__all__ = ["Driver", "Latch", "Loop", "driver"]
