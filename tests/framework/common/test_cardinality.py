"""The shapes of methods, whose values other programs may have stored."""

from __future__ import annotations

from grpc.framework.common.cardinality import Cardinality


def test_values_are_those_that_were_published() -> None:
    assert {member.name: member.value for member in Cardinality} == {
        "UNARY_UNARY": "request-unary/response-unary",
        "UNARY_STREAM": "request-unary/response-streaming",
        "STREAM_UNARY": "request-streaming/response-unary",
        "STREAM_STREAM": "request-streaming/response-streaming",
    }


def test_each_half_of_a_name_says_what_that_half_of_the_value_says() -> None:
    word = {"UNARY": "unary", "STREAM": "streaming"}
    for member in Cardinality:
        requests, responses = member.name.split("_")
        assert member.value == f"request-{word[requests]}/response-{word[responses]}"
