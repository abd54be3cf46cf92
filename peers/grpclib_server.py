"""Script: serves the interop service with grpclib; says its port, ends when stdin closes.

The methods are those that ``sync_service`` lists.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any, Dict

import grpclib_codec
import line_protocol
import wire_values
from grpclib.const import Cardinality, Handler, Status
from grpclib.server import Server


async def echo(stream: Any) -> None:
    """Return the request."""
    await stream.send_message(await stream.recv_message())


async def status(stream: Any) -> None:
    """End with the code and the details that the request names."""
    request = await stream.recv_message()
    wanted = json.loads(request)
    code = Status[wanted["code"]]
    if code is Status.OK:
        await stream.send_message(request)
    await stream.send_trailing_metadata(status=code, status_message=wanted["details"])


async def metadata(stream: Any) -> None:
    """Send back the metadata that asks for it."""
    request = await stream.recv_message()
    await stream.send_initial_metadata(metadata=_asked(stream, wire_values.INITIAL_PREFIX))
    await stream.send_message(request)
    await stream.send_trailing_metadata(metadata=_asked(stream, wire_values.TRAILING_PREFIX))


async def fail_with_metadata(stream: Any) -> None:
    """Send back metadata, then fail."""
    await stream.recv_message()
    await stream.send_initial_metadata(metadata=_asked(stream, wire_values.INITIAL_PREFIX))
    await stream.send_trailing_metadata(
        status=Status.ABORTED, status_message="as asked", metadata=_asked(stream, wire_values.TRAILING_PREFIX)
    )


async def remaining(stream: Any) -> None:
    """Tell how many seconds are left."""
    await stream.recv_message()
    left = None if stream.deadline is None else stream.deadline.time_remaining()
    await stream.send_message(b"none" if left is None else repr(left).encode())


async def wait(stream: Any) -> None:
    """Hold the call until it is over; grpclib ends this coroutine then."""
    await asyncio.get_running_loop().create_future()


class Service:
    """The service in the form that grpclib takes."""

    def __mapping__(self) -> Dict[str, Handler]:
        methods = {
            "Echo": echo,
            "Status": status,
            "Metadata": metadata,
            "FailWithMetadata": fail_with_metadata,
            "Remaining": remaining,
            "Wait": wait,
        }
        return {
            wire_values.method(name): Handler(method, Cardinality.UNARY_UNARY, bytes, bytes)
            for name, method in methods.items()
        }


def _asked(stream: Any, prefix: str) -> wire_values.Pairs:
    return [(key, value) for key, value in stream.metadata.items() if key.startswith(prefix)]


async def main() -> None:
    """Serve until stdin closes."""
    logging.getLogger("grpclib").addHandler(logging.NullHandler())
    server = Server([Service()], codec=grpclib_codec.BytesCodec())
    await server.start("127.0.0.1", 0)
    try:
        # grpclib does not tell the port that the system chose, its asyncio server does.
        line_protocol.say({"port": server._server.sockets[0].getsockname()[1]})
        while await asyncio.get_running_loop().run_in_executor(None, line_protocol.hear) is not None:
            pass
    finally:
        server.close()
        await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())
