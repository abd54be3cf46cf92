"""Script: a side with grpclib; obeys the orders of ``sides`` until stdin closes."""

from __future__ import annotations

import contextlib
import logging

import grpclib_script
import grpclib_steps
import line_protocol
import loops
import sides


def main() -> None:
    """Obey."""
    logging.getLogger("grpclib").addHandler(logging.NullHandler())
    with contextlib.closing(loops.LoopThread()) as loop, contextlib.ExitStack() as stack:
        side = sides.Side(grpclib_script.GrpclibServers(loop), grpclib_steps.GrpclibClients(loop))
        stack.callback(side.close)
        for order in line_protocol.orders():
            line_protocol.say(side.obey(order))


if __name__ == "__main__":
    main()
