"""What each style of invocation says to the End, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Tuple

import pytest

from grpc.framework.crust import implementations
from grpc.framework.crust._rendezvous import NOTHING_MORE
from grpc.framework.interfaces.base import base
from tests.framework.crust.fakes import FakeOperation
from tests.framework.crust.invocations import EVENT, SHAPES_AND_STYLES, STUB_KINDS, Receiver
from tests.framework.crust.programs import many_requests
from tests.support.environment import FakeEnvironment

if TYPE_CHECKING:
    from grpc.framework.common.cardinality import Cardinality
    from grpc.framework.foundation import environment

RECEIVER = Receiver()


class FakeEnd:
    """Keeps what it is asked to operate; all of it is cancelled at once."""

    def __init__(self) -> None:
        self.environment: environment.Environment = FakeEnvironment()
        self.operated: List[Tuple[Any, ...]] = []

    def operate(
        self, group: str, method: str, subscription: Any, *rest: Any
    ) -> Tuple[base.OperationContext, base.Operator]:
        self.operated.append((group, method, *rest))
        assert subscription.kind is base.Subscription.Kind.FULL
        assert subscription.operator is subscription
        assert subscription.protocol_receiver is subscription
        operation = FakeOperation()
        operation.rendezvous = subscription
        operation.cancel()
        return operation, operation


class Inline:
    """A pool that runs its work at once."""

    def submit(self, fn: Any, *args: Any) -> None:
        fn(*args)


def invoke(end: Any, kind: str, shape: Cardinality, style: str, *, keywords: bool) -> Any:
    """Invoke with everything that can be said."""
    if kind == "generic":
        method = getattr(implementations.generic_stub(end, Inline()), f"{style}_{shape.name.lower()}")  # type: ignore[arg-type]
        names: Tuple[Any, ...] = ("group", "method")
    else:
        stub: Any = implementations.dynamic_stub(end, "group", {"method": shape}, Inline())  # type: ignore[arg-type]
        method = stub.method if style in ("blocking", "inline") else getattr(stub.method, style)
        names = ()
    arguments: Dict[str, Any] = {}
    if many_requests(shape):
        if style != EVENT:
            arguments["request_iterator"] = iter([b"request"])
    else:
        arguments["request"] = b"request"
    if style == EVENT:
        arguments.update(receiver=RECEIVER, abortion_callback=None)
    arguments.update(timeout=7.0, metadata=("metadata",))
    if style == "blocking":
        arguments["with_call"] = False
    arguments["protocol_options"] = "options"
    if keywords:
        return method(*names, **arguments)
    return method(*names, *arguments.values())


@pytest.mark.parametrize("keywords", [False, True], ids=["by position", "by name"])
@pytest.mark.parametrize("kind", STUB_KINDS)
@pytest.mark.parametrize(("shape", "style"), SHAPES_AND_STYLES, ids=lambda value: getattr(value, "name", value))
def test_everything_that_is_known_is_said_at_once(shape: Cardinality, style: str, kind: str, keywords: bool) -> None:
    end = FakeEnd()
    if style == "blocking":
        with pytest.raises(Exception, match="cancelled"):
            invoke(end, kind, shape, style, keywords=keywords)
    else:
        invoke(end, kind, shape, style, keywords=keywords)
    first = (None, None) if many_requests(shape) else (b"request", NOTHING_MORE)
    assert end.operated == [("group", "method", 7.0, ("metadata",), *first, "options")]


def test_an_end_that_refuses_to_operate_lets_the_reason_out() -> None:
    class Refusing(FakeEnd):
        def operate(self, *args: Any) -> Any:
            raise ValueError("not started")

    for shape, style in SHAPES_AND_STYLES:
        with pytest.raises(ValueError, match="not started"):
            invoke(Refusing(), "generic", shape, style, keywords=True)
