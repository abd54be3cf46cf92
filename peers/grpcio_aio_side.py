"""Script: a side on grpcio's asynchronous API; obeys the orders of ``sides`` until stdin closes."""

from __future__ import annotations

import contextlib

import aio_script
import aio_steps
import line_protocol
import loops
import sides


def main() -> None:
    """Obey."""
    with contextlib.closing(loops.LoopThread()) as loop, contextlib.ExitStack() as stack:
        side = sides.Side(aio_script.AioServers(loop), aio_steps.AioClients(loop))
        stack.callback(side.close)
        for order in line_protocol.orders():
            line_protocol.say(side.obey(order))


if __name__ == "__main__":
    main()
