"""Calls in a forked process, which has none of the threads that were busy with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable

from tests.framework.crust import programs
from tests.framework.crust.worlds import GROUP, METHOD

if TYPE_CHECKING:
    from grpc.framework.interfaces.face import face
    from tests.framework.crust.worlds import MakeWorld


class _Holding(programs.Program):
    def answer(self, request: bytes, context: face.ServicerContext) -> Iterable[object]:
        return [programs.HOLD]


def test_a_call_whose_lock_another_thread_had_can_be_ended_and_says_why(make_world: MakeWorld) -> None:
    world = make_world(*programs.served(_Holding(), programs.UNARY_UNARY, programs.EVENT))
    call = world.stub.future_unary_unary(GROUP, METHOD, b"a", 5.0)
    call._lock.acquire()
    world.invocation_end.after_fork_in_child()
    world.invocation_end.cancel_all("words")
    assert call.details() == "words"
    assert not call.is_active()
