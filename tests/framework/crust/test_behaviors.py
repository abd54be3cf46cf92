"""How methods are run: what becomes of a method's iterator when its RPC ends."""

from __future__ import annotations

from typing import Any, Iterator, List

import pytest

from grpc.framework.crust import _behaviors, _service
from grpc.framework.interfaces.base import utilities as base_utilities
from grpc.framework.interfaces.face import face, utilities
from tests.framework.crust.fakes import FakeOperation
from tests.support.environment import FakeEnvironment

COMPLETION = base_utilities.completion(None, None, None)
MAKERS = [utilities.unary_stream_inline, utilities.stream_stream_inline]


def serve(method: face.MethodImplementation) -> None:
    """Have a method serve one RPC, here and now."""
    operation = FakeOperation()
    call = _service.ServiceCall(
        FakeEnvironment(),
        operation,
        operation,
        None,
        _behaviors.takes_one_request(method),
        _behaviors.runner(method, True),
    )
    operation.rendezvous = call
    call.advance(("metadata",), b"request", COMPLETION)


@pytest.mark.parametrize("make", MAKERS)
def test_a_generator_is_closed_when_its_rpc_has_ended_before_it(make: Any) -> None:
    seen: List[str] = []
    kept: List[Any] = []  # so that nobody but its runner closes it

    def responses(context: face.ServicerContext) -> Iterator[bytes]:
        try:
            context.cancel()
            yield b"too late"
        finally:
            seen.append("closed")

    def behavior(requests: Any, context: face.ServicerContext) -> Iterator[bytes]:
        kept.append(responses(context))
        return kept[0]  # type: ignore[no-any-return]

    serve(make(behavior))
    assert seen == ["closed"]


@pytest.mark.parametrize("make", MAKERS)
def test_other_iterators_are_their_makers_own(make: Any) -> None:
    class Responses(List[bytes]):
        def __iter__(self) -> Any:
            return self

        def __next__(self) -> bytes:
            context_of[0].cancel()
            return b"too late"

        def close(self) -> None:
            raise AssertionError("it may be in use elsewhere")

    context_of: List[face.ServicerContext] = []

    def behavior(requests: Any, context: face.ServicerContext) -> Any:
        context_of.append(context)
        return Responses()

    serve(make(behavior))
    assert len(context_of) == 1
