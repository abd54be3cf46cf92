"""What the serving application supplies: implementations of one method, or of many at once."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Callable, Iterator, Optional, Union

if TYPE_CHECKING:
    from grpc.framework.common.cardinality import Cardinality
    from grpc.framework.common.style import Service
    from grpc.framework.foundation.stream import Consumer
    from grpc.framework.interfaces.face._contexts import ServicerContext


class MethodImplementation:
    """One method as it is served: its shape, its style, and the one callable that goes with them.

    Exactly one of the eight callables is set, the one that is named after shape and style; the
    others are None. `utilities` has a maker for each. All callables take a `ServicerContext`
    last; "consumer" is a `stream.Consumer`. The inline ones may block, the event ones may not.
    Responses may be passed before an event callable returns, and from any thread. A consumer of
    requests that was returned may see any part of the request stream, and no termination, if
    the RPC is aborted.

    Attributes:
        cardinality: the shape of the method.
        style: the manner in which it is implemented.
        unary_unary_inline: takes a request, returns the response.
        unary_stream_inline: takes a request, returns an iterator of responses.
        stream_unary_inline: takes an iterator of requests, returns the response.
        stream_stream_inline: takes an iterator of requests, returns an iterator of responses.
        unary_unary_event: takes a request and a callback to which to pass the response.
        unary_stream_event: takes a request and a consumer to which to pass the responses.
        stream_unary_event: takes a callback to which to pass the response, returns a consumer
            of requests.
        stream_stream_event: takes a consumer to which to pass the responses, returns a consumer
            of requests.
    """

    __slots__ = ()

    cardinality: Optional[Cardinality] = None
    style: Optional[Service] = None
    unary_unary_inline: Optional[Callable[[Any, ServicerContext], Any]] = None
    unary_stream_inline: Optional[Callable[[Any, ServicerContext], Iterator[Any]]] = None
    stream_unary_inline: Optional[Callable[[Iterator[Any], ServicerContext], Any]] = None
    stream_stream_inline: Optional[Callable[[Iterator[Any], ServicerContext], Iterator[Any]]] = None
    unary_unary_event: Optional[Callable[[Any, Callable[[Any], None], ServicerContext], None]] = None
    unary_stream_event: Optional[Callable[[Any, Consumer[Any], ServicerContext], None]] = None
    stream_unary_event: Optional[Callable[[Callable[[Any], None], ServicerContext], Consumer[Any]]] = None
    stream_stream_event: Optional[Callable[[Consumer[Any], ServicerContext], Consumer[Any]]] = None


class MultiMethodImplementation(abc.ABC):
    """Serves every method that it is asked for and knows, whatever its shape."""

    __slots__ = ()

    @abc.abstractmethod
    def service(
        self, group: str, method: str, response_consumer: Consumer[Any], context: ServicerContext
    ) -> Union[Consumer[Any], MethodImplementation, None]:
        """Serves an RPC, or names what does. Is called once per RPC, by any thread.

        Args:
            group: the group of the method.
            method: its name within the group.
            response_consumer: a `stream.Consumer` to which to pass the responses, and the end
                of the responses. Of no use if a `MethodImplementation` is returned.
            context: the RPC as the service side sees it.

        Returns:
            A `stream.Consumer` to which the framework passes the requests. If the RPC is aborted
            it sees no more of them, and no termination either; perhaps it is never called. Or,
            an extension, a `MethodImplementation`, which the framework then runs in the same
            thread just as it would one that had been found by name. Or, another one, None: the
            requests are left for the implementation to take them from the context, which is a
            `PassiveService`, and the response consumer is a `PacedSink`.

        Raises:
            NoSuchMethodError: the method is unknown here.
            abandonment.Abandoned: the RPC was aborted while this call was at work; an
                implementation may give up this way, and need not.
        """
        raise NotImplementedError
