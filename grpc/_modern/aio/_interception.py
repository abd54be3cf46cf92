"""Interceptors at work: a task in which each one's coroutine calls the next, and at last the RPC begins."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any, Awaitable, Callable, List, Optional, Sequence, Tuple

from grpc._modern.aio import _base_call, _errors, _replaced
from grpc._modern.aio._interceptors import (
    ClientCallDetails,
    ClientInterceptor,
    StreamStreamClientInterceptor,
    StreamUnaryClientInterceptor,
    UnaryStreamClientInterceptor,
    UnaryUnaryClientInterceptor,
)

if TYPE_CHECKING:
    from grpc._modern.aio._channel import Channel

Begin = Callable[[ClientCallDetails, Any], Awaitable[Any]]

# The class of the interceptors of each shape, and their method.
_KINDS = {
    "unary_unary": (UnaryUnaryClientInterceptor, "intercept_unary_unary"),
    "unary_stream": (UnaryStreamClientInterceptor, "intercept_unary_stream"),
    "stream_unary": (StreamUnaryClientInterceptor, "intercept_stream_unary"),
    "stream_stream": (StreamStreamClientInterceptor, "intercept_stream_stream"),
}


def check(interceptors: Optional[Sequence[ClientInterceptor]]) -> Tuple[ClientInterceptor, ...]:
    """The interceptors of a channel.

    Raises:
      ValueError: One of them is none.
    """
    found = tuple(interceptors or ())
    for interceptor in found:
        if not isinstance(interceptor, ClientInterceptor):
            raise ValueError(
                f"an interceptor of a channel is a grpc.aio.UnaryUnaryClientInterceptor or one of its three like, "
                f"not {interceptor!r}"
            )
    return found


def of_shape(interceptors: Sequence[ClientInterceptor], shape: str) -> List[Any]:
    """Those of the interceptors that are for calls of a shape such as `unary_stream`, outermost first."""
    kind, _ = _KINDS[shape]
    return [interceptor for interceptor in interceptors if isinstance(interceptor, kind)]


def methods(interceptors: Sequence[Any], shape: str) -> List[Callable[..., Awaitable[Any]]]:
    """What each interceptor does with calls of the shape that it is for, outermost first."""
    return [getattr(interceptor, _KINDS[shape][1]) for interceptor in interceptors]


class Interception:
    """One run of the interceptors, which ends with a call, or with an error."""

    __slots__ = ("_begin", "_begun", "_channel", "_ended", "_intercept", "_shape", "_task", "call", "error")

    def __init__(
        self,
        channel: Channel,
        shape: str,
        intercept: Sequence[Callable[..., Awaitable[Any]]],
        begin: Begin,
        details: ClientCallDetails,
        request: Any,
    ) -> None:
        """Run them.

        Args:
          channel: The channel.
          shape: The shape of the RPC, such as `unary_stream`.
          intercept: What each interceptor does, outermost first.
          begin: Begins the RPC.
          details: Its arguments.
          request: Its request, or iterator of requests.
        """
        self._channel = channel
        self._shape = shape
        self._intercept = intercept
        self._begin = begin
        # The calls that the interceptors have begun.
        self._begun: List[_base_call.Call] = []
        self._ended: List[Callable[[], None]] = []
        self.call: Any = None
        """What the outermost interceptor returned: the call that counts."""
        self.error: Optional[BaseException] = None
        """What it raised instead."""
        self._task = channel.loop.create_task(self._run(details, request))
        channel.keep(self._task)
        self._task.add_done_callback(self._after)

    @property
    def over(self) -> bool:
        """Whether there is a result or an error."""
        return self._task.done()

    def cancel(self) -> None:
        """Cancel the interceptors, and what they have begun."""
        self._task.cancel()

    def when_over(self, action: Callable[[], None]) -> None:
        """Have an action called when there is a result or an error; at once if there is."""
        if self.over:
            action()
        else:
            self._ended.append(action)

    async def wait(self) -> None:
        """Wait until there is a result or an error. Being cancelled here cancels nothing else."""
        if not self.over:
            await asyncio.wait([self._task])

    # ------------------------------------------------------------ the task

    async def _run(self, details: ClientCallDetails, request: Any) -> None:
        try:
            self.call = await self._next(0, details, request)
        except asyncio.CancelledError as error:
            self.error = error
            raise
        except Exception as error:
            self.error = error

    async def _next(self, index: int, details: ClientCallDetails, request: Any) -> Any:
        if index < len(self._intercept):
            result = await self._intercept[index](functools.partial(self._next, index + 1), details, request)
            return result if isinstance(result, _base_call.Call) else self._replaced(result)
        if self._channel.closed:
            raise _errors.UsageError("Channel is closed.")
        call = await self._begin(details, request)
        self._begun.append(call)
        return call

    def _replaced(self, replacement: Any) -> _base_call.Call:
        """A call for what an interceptor has returned in the place of one."""
        behind = self._begun[-1] if self._begun else None
        return _replaced.OF_SHAPE[self._shape](self._channel.loop, replacement, behind)

    def _after(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() and self.error is None:
            self.error = asyncio.CancelledError()  # before it had begun
        if self.error is not None:
            for call in self._begun:
                call.cancel()
        ended, self._ended = self._ended, []
        for action in ended:
            action()
