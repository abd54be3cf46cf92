"""Each maker of method implementations sets shape, style, and the one attribute of its own name."""

from __future__ import annotations

from typing import Any

import pytest

from grpc.framework.common.cardinality import Cardinality
from grpc.framework.common.style import Service
from grpc.framework.interfaces.face import face, utilities

MAKERS = {
    "unary_unary_inline": (Cardinality.UNARY_UNARY, Service.INLINE),
    "unary_stream_inline": (Cardinality.UNARY_STREAM, Service.INLINE),
    "stream_unary_inline": (Cardinality.STREAM_UNARY, Service.INLINE),
    "stream_stream_inline": (Cardinality.STREAM_STREAM, Service.INLINE),
    "unary_unary_event": (Cardinality.UNARY_UNARY, Service.EVENT),
    "unary_stream_event": (Cardinality.UNARY_STREAM, Service.EVENT),
    "stream_unary_event": (Cardinality.STREAM_UNARY, Service.EVENT),
    "stream_stream_event": (Cardinality.STREAM_STREAM, Service.EVENT),
}


def behavior(*args: Any) -> Any: ...


@pytest.fixture(params=MAKERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_sets_shape_style_and_the_attribute_of_its_name_and_nothing_else(name: str) -> None:
    made = getattr(utilities, name)(behavior)
    cardinality, style = MAKERS[name]
    attributes = ["cardinality", "style", *MAKERS]
    assert {attribute: getattr(made, attribute) for attribute in attributes} == {
        **dict.fromkeys(MAKERS),
        "cardinality": cardinality,
        "style": style,
        name: behavior,
    }


def test_makes_a_method_implementation(name: str) -> None:
    assert isinstance(getattr(utilities, name)(behavior), face.MethodImplementation)


def test_makes_an_object_without_room_for_other_attributes(name: str) -> None:
    assert not hasattr(getattr(utilities, name)(behavior), "__dict__")


def test_takes_the_behavior_by_its_documented_name(name: str) -> None:
    made = getattr(utilities, name)(behavior=behavior)
    assert getattr(made, name) is behavior


def test_does_not_bind_the_behavior(name: str) -> None:
    class Caller:
        def method(self, *args: Any) -> Any:
            return (self, *args)

    caller = Caller()
    made = getattr(utilities, name)(caller.method)
    assert getattr(made, name)("request") == (caller, "request")


def test_shows_the_maker_and_the_behavior(name: str) -> None:
    assert repr(getattr(utilities, name)(print)) == f"{name}(<built-in function print>)"


def test_covers_every_shape_in_every_style() -> None:
    assert set(MAKERS.values()) == {(cardinality, style) for cardinality in Cardinality for style in Service}
