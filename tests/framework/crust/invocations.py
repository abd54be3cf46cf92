"""One way to invoke in every style, by every kind of stub."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Callable, Iterable, List, NamedTuple, Optional, Tuple

from grpc.framework.crust import implementations as crust
from grpc.framework.foundation import abandonment, future
from grpc.framework.interfaces.face import face
from tests.framework.crust.programs import SHAPES, many_requests, many_responses
from tests.framework.crust.worlds import GROUP, LIMIT, METHOD

if TYPE_CHECKING:
    from concurrent import futures

    from grpc.framework.common.cardinality import Cardinality
    from grpc.framework.foundation import stream
    from tests.framework.crust.worlds import World

BLOCKING = "blocking"
FUTURE = "future"
INLINE = "inline"
EVENT = "event"

GENERIC = "generic"
DYNAMIC = "dynamic"
MULTI_CALLABLE = "multi-callable"
STUB_KINDS = [GENERIC, DYNAMIC, MULTI_CALLABLE]


def styles_of(shape: Cardinality) -> List[str]:
    """The styles in which a shape can be invoked."""
    return [INLINE, EVENT] if many_responses(shape) else [BLOCKING, FUTURE, EVENT]


SHAPES_AND_STYLES = [(shape, style) for shape in SHAPES for style in styles_of(shape)]


class Ended(NamedTuple):
    """How an RPC ended, as its invoker sees it: the abortion's kind, or None, and what had arrived."""

    kind: Optional[face.Abortion.Kind]
    responses: List[Any]
    initial_metadata: Any
    terminal_metadata: Any
    code: Any
    details: Any


class Receiver(face.ResponseReceiver):
    """Keeps all that it is told, and checks that it is told one thing at a time."""

    def __init__(self) -> None:
        self.told: List[Tuple[Any, ...]] = []
        self.ended = threading.Event()
        self._busy = threading.Lock()

    def initial_metadata(self, initial_metadata: Any) -> None:
        self._tell("initial metadata", initial_metadata)

    def response(self, response: Any) -> None:
        self._tell("response", response)

    def complete(self, terminal_metadata: Any, code: Any, details: Any) -> None:
        self._tell("complete", terminal_metadata, code, details)
        self.ended.set()

    def abort(self, abortion: face.Abortion) -> None:
        """The abortion callback that goes with it."""
        self._tell("abortion", abortion)
        self.ended.set()

    def _tell(self, *what: Any) -> None:
        assert self._busy.acquire(blocking=False), "two calls at once"
        self.told.append(what)
        self._busy.release()


class Invocation:
    """An RPC that has begun.

    Attributes:
        call: Its call; None if it blocks another thread.
        consumer: Takes its requests, if they are passed in.
        receiver: Takes its responses, if they are passed on.
    """

    def __init__(self) -> None:
        self.call: Any = None
        self.consumer: Optional[stream.Consumer[bytes]] = None
        self.receiver: Optional[Receiver] = None
        self.aside: Optional[futures.Future[Ended]] = None
        self.responses: List[Any] = []

    def draw(self, count: int) -> None:
        """Fetch so many responses, and no more."""
        for _ in range(count):
            self.responses.append(next(self.call))

    def ended(self) -> Ended:
        """Wait for the end."""
        if self.aside is not None:
            return self.aside.result(LIMIT)
        if self.receiver is not None:
            return self._received(self.receiver)
        try:
            if hasattr(self.call, "__next__"):
                self.responses.extend(self.call)
            else:
                self.responses.append(self.call.result())
        except face.AbortionError as error:
            return self._said_by(error.kind, error)
        except future.CancelledError:
            return self._said_by(face.Abortion.Kind.CANCELLED, self.call.abortion())
        return self._completed(self.call)

    def _received(self, receiver: Receiver) -> Ended:
        assert receiver.ended.wait(LIMIT)
        self.responses.extend(what[1] for what in receiver.told if what[0] == "response")
        initial = [what[1] for what in receiver.told if what[0] == "initial metadata"]
        last = receiver.told[-1]
        if last[0] == "abortion":
            return self._said_by(last[1].kind, last[1])
        assert initial == [self.call.initial_metadata()] or (not initial and self.call.initial_metadata() is None)
        return Ended(None, self.responses, self.call.initial_metadata(), *last[1:])

    def _said_by(self, kind: Optional[face.Abortion.Kind], abortion: Any) -> Ended:
        return Ended(
            kind,
            self.responses,
            abortion.initial_metadata,
            abortion.terminal_metadata,
            abortion.code,
            abortion.details,
        )

    def _completed(self, call: face.Call) -> Ended:
        return Ended(
            None, self.responses, call.initial_metadata(), call.terminal_metadata(), call.code(), call.details()
        )

    def run_blocking(self, invoke: Callable[[], Tuple[Any, face.Call]]) -> Ended:
        """Make a blocking call and say how it ended."""
        try:
            response, call = invoke()
        except face.AbortionError as error:
            return self._said_by(error.kind, error)
        self.responses.append(response)
        return self._completed(call)


def _invoker(world: World, shape: Cardinality, style: str, kind: str, name: str) -> Callable[..., Any]:
    """The callable that invokes a method of GROUP so."""
    if kind == GENERIC:
        method = getattr(world.stub, f"{style}_{shape.name.lower()}")
        return lambda *args, **kwargs: method(GROUP, name, *args, **kwargs)
    if kind == DYNAMIC:
        stub = crust.dynamic_stub(world.invocation_end, GROUP, {name: shape}, world.stub_pool)
        multi_callable = getattr(stub, name)
    else:
        multi_callable = getattr(world.stub, shape.name.lower())(GROUP, name)
    return multi_callable if style in (BLOCKING, INLINE) else getattr(multi_callable, style)  # type: ignore[no-any-return]


def pass_in(consumer: Any, requests: Iterable[bytes], terminate: bool) -> None:
    """Pass requests to a consumer, as long as somebody wants them."""
    try:
        for request in requests:
            consumer.consume(request)
        if terminate:
            consumer.terminate()
    except abandonment.Abandoned:
        pass


def invoke(
    world: World,
    shape: Cardinality,
    style: str,
    requests: Iterable[bytes],
    timeout: Optional[float] = None,
    metadata: Any = None,
    kind: str = GENERIC,
    terminate: bool = True,
    name: str = METHOD,
) -> Invocation:
    """Begin an RPC; returns without waiting for anything.

    Args:
        world: Where.
        shape: The shape of the method.
        style: One of `styles_of` the shape.
        requests: The requests; with a shape of one request, the first.
        timeout: Of the RPC, in seconds.
        metadata: Of the invocation.
        kind: By which kind of stub.
        terminate: Whether to end the requests if they are passed in.
        name: The name of the method.
    """
    begin = _invoker(world, shape, style, kind, name)
    begun = Invocation()
    source = requests if many_requests(shape) else next(iter(requests))
    if style == BLOCKING:
        begun.aside = world.aside.submit(
            begun.run_blocking, lambda: begin(source, timeout, metadata=metadata, with_call=True)
        )
    elif style == EVENT:
        receiver = begun.receiver = Receiver()
        if many_requests(shape):
            made = begin(receiver, receiver.abort, timeout, metadata=metadata)
            begun.call, begun.consumer = made if isinstance(made, tuple) else (made, made)
            pass_in(begun.consumer, requests, terminate)
        else:
            begun.call = begin(source, receiver, receiver.abort, timeout, metadata=metadata)
    else:
        begun.call = begin(source, timeout, metadata=metadata)
    return begun
