"""Credentials of calls: plugins asked on the loop, their answers awaited from wherever they come."""

from __future__ import annotations

import asyncio
from typing import Any, Iterable, Optional, Tuple

from grpc._modern import _credentials
from grpc._modern.aio import _errors
from grpc._values import metadata as _metadata
from grpc._values.status import StatusCode


class _Answer(_credentials.AuthMetadataPluginCallback):
    """Takes the first answer of a plugin, on any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.answered: asyncio.Future[Tuple[Any, Any]] = loop.create_future()

    def __call__(self, metadata: Any, error: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, metadata, error)

    def _take(self, metadata: Any, error: Any) -> None:
        if not self.answered.done():
            self.answered.set_result((metadata, error))


async def ask(
    plugins: Iterable[Any], service_url: str, name: str, timeout: Optional[float], method: str
) -> Tuple[Any, ...]:
    """Ask plugins for the metadata of a call, one after another; the call's time includes the wait.

    They are called on the loop, so they must not block: a plugin that has to wait answers later, from a thread or task
    of its own.

    Args:
      plugins: The plugins.
      service_url: The service, as they are told.
      name: The method's name within the service.
      timeout: Seconds to wait for all; None for no limit.
      method: The full name of the method, for errors.

    Raises:
      AioRpcError: UNAVAILABLE if one fails or gives what cannot be sent, DEADLINE_EXCEEDED if one is late.
    """
    loop = asyncio.get_running_loop()
    deadline = None if timeout is None else loop.time() + timeout
    items: Tuple[Any, ...] = ()
    for plugin in plugins:
        answer = _Answer(loop)
        try:
            plugin(_credentials.Context(service_url, name), answer)
        except Exception as error:
            raise _failed(f"Plugin {plugin!r} raised exception {error!r}", method) from error
        left = None if deadline is None else deadline - loop.time()
        try:
            metadata, fault = await asyncio.wait_for(answer.answered, left)
        except asyncio.TimeoutError:
            details = f"Plugin {plugin!r} did not answer in time"
            raise _errors.own_error(StatusCode.DEADLINE_EXCEEDED, details, method) from None
        if fault is not None:
            cause = fault if isinstance(fault, BaseException) else None
            raise _failed(f"Getting metadata from plugin failed with error: {fault}", method) from cause
        try:
            items += _metadata.checked(metadata) or ()
        except (TypeError, ValueError) as error:
            raise _failed(f"Plugin {plugin!r} gave metadata that cannot be sent: {error}", method) from error
    return items


def _failed(details: str, method: str) -> _errors.AioRpcError:
    return _errors.own_error(StatusCode.UNAVAILABLE, details, method)
