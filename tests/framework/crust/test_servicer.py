"""Who serves an RPC, and what is found wrong with it before any is served."""

from __future__ import annotations

from concurrent import futures
from typing import Any, List

import pytest

from grpc.framework.common.cardinality import Cardinality
from grpc.framework.common.style import Service
from grpc.framework.crust import _behaviors, implementations
from grpc.framework.interfaces.base import base, utilities
from grpc.framework.interfaces.face import face
from grpc.framework.interfaces.face import utilities as face_utilities
from tests.framework.crust.fakes import FakeOperation
from tests.support.environment import FakeEnvironment

COMPLETION = utilities.completion(None, None, None)
KINDS = [(shape, style) for shape in Cardinality for style in Service]


def implementation(shape: Cardinality, style: Service) -> Any:
    return getattr(face_utilities, f"{shape.name}_{style.name}".lower())(lambda *args: None)


def serve(servicer: base.Servicer, method: str = "Method") -> FakeOperation:
    """Begin an RPC with one request."""
    operation = FakeOperation()
    subscription = servicer.service("Group", method, operation, operation)
    operation.rendezvous = subscription
    assert subscription.operator is not None
    subscription.operator.advance(None, b"request", COMPLETION)
    return operation


class Multi(face.MultiMethodImplementation):
    """Serves as it is told to."""

    def __init__(self, served: Any) -> None:
        self.asked: List[Any] = []
        self._served = served

    def service(self, group: str, method: str, response_consumer: Any, context: face.ServicerContext) -> Any:
        self.asked.append((group, method, response_consumer is context))
        return self._served


def echo(request: Any, context: face.ServicerContext) -> Any:
    return request


class TestFinding:
    def test_a_method_is_found_by_its_names(self) -> None:
        multi = Multi(None)
        methods = {("Group", "Method"): face_utilities.unary_unary_inline(echo)}
        operation = serve(implementations.servicer(methods, multi, None, FakeEnvironment()))
        assert (operation.payloads, operation.completed, multi.asked) == ([b"request"], True, [])

    def test_the_multi_method_is_asked_for_all_others(self) -> None:
        multi = Multi(face_utilities.unary_unary_inline(echo))
        methods = {("Group", "Another"): face_utilities.unary_unary_inline(echo)}
        operation = serve(implementations.servicer(methods, multi, None))
        assert (operation.payloads, multi.asked) == ([b"request"], [("Group", "Method", True)])

    def test_without_either_there_is_no_such_method(self) -> None:
        with pytest.raises(base.NoSuchMethodError, match="no method 'Method' in group 'Group'"):
            serve(implementations.servicer({}, None, None))

    def test_later_changes_of_the_mapping_change_nothing(self) -> None:
        methods = {("Group", "Method"): face_utilities.unary_unary_inline(echo)}
        servicer = implementations.servicer(methods, None, None)
        methods.clear()
        assert serve(servicer).payloads == [b"request"]

    def test_what_a_multi_method_gives_starts_when_its_request_is_there(self) -> None:
        servicer = implementations.servicer({}, Multi(face_utilities.unary_unary_inline(echo)), None)
        operation = FakeOperation()
        operation.rendezvous = servicer.service("Group", "Method", operation, operation)
        operation.rendezvous.advance(("metadata",))
        assert (operation.said, operation.failures) == ([], [])
        operation.rendezvous.advance(None, b"request", COMPLETION)
        assert operation.payloads == [b"request"]

    def test_what_a_multi_method_gives_must_be_servable(self, caplog: pytest.LogCaptureFixture) -> None:
        for served in (face_utilities.unary_stream_inline(echo), face.MethodImplementation()):
            operation = serve(implementations.servicer({}, Multi(served), None))
            assert operation.outcome() == utilities.outcome(base.Outcome.Kind.LOCAL_FAILURE)
        assert [type(record.exc_info[1]) for record in caplog.records if record.exc_info] == [ValueError] * 2


class TestChecking:
    @pytest.mark.parametrize(("shape", "style"), KINDS, ids=lambda value: str(value.name))
    def test_every_kind_of_method_is_taken_with_a_pool(self, shape: Cardinality, style: Service) -> None:
        with futures.ThreadPoolExecutor(1) as pool:
            implementations.servicer({("Group", "Method"): implementation(shape, style)}, None, pool)

    @pytest.mark.parametrize(("shape", "style"), KINDS, ids=lambda value: str(value.name))
    def test_methods_that_block_are_refused_without_a_pool(self, shape: Cardinality, style: Service) -> None:
        methods = {("Group", "Method"): implementation(shape, style)}
        if style is Service.EVENT or shape is Cardinality.UNARY_UNARY:
            implementations.servicer(methods, None, None)
            return
        with pytest.raises(ValueError, match=f"{shape.name.lower()}_inline blocks .* make the servicer with a pool"):
            implementations.servicer(methods, None, None)

    def test_a_method_without_shape_is_refused(self) -> None:
        with pytest.raises(ValueError, match="has a cardinality and a style"):
            implementations.servicer({("Group", "Method"): face.MethodImplementation()}, None, None)

    def test_a_method_without_its_callable_is_refused(self) -> None:
        class Empty(face.MethodImplementation):
            cardinality = Cardinality.UNARY_UNARY
            style = Service.INLINE

        with pytest.raises(ValueError, match="has nothing set as unary_unary_inline"):
            implementations.servicer({("Group", "Method"): Empty()}, None, None)

    def test_there_is_a_way_to_run_every_kind_of_method(self) -> None:
        assert set(_behaviors._RUNNERS) == set(KINDS)
        assert {attribute for _, attribute in _behaviors._RUNNERS.values()} == {
            f"{shape.name}_{style.name}".lower() for shape, style in KINDS
        }
