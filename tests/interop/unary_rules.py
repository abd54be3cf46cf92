"""What must hold of a unary call, whoever the client and whoever the server is.

The modules beside this one inherit the rules and say between whom.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, List, Tuple

import pytest

from peers import wire_values

if TYPE_CHECKING:
    from tests.interop.conftest import Pair

CODES_BUT_OK = [
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
]

DETAILS = {
    "plain": "no such thing, sorry!",
    "percent": "100% of %41 and a last %",
    "non-ascii": "Größe \N{WHITE SMILING FACE} \N{GRINNING FACE}",
    "controls": "tab\there, line\r\nends",
    "empty": "",
}

# 1 MiB is larger than every default window, so both windows must be replenished on the way.
LARGE = bytes(range(256)) * 4096

BINARY_VALUES = {"every-byte": bytes(range(256)), "one-byte": b"\x00", "empty": b"", "comma": b"a,b"}


def status_request(code: str, details: str) -> bytes:
    """Return the request that makes ``Status`` end so."""
    return json.dumps({"code": code, "details": details}).encode()


def only(answer: wire_values.Answer, field: str) -> List[Tuple[str, object]]:
    """Return the echoed metadata in ``field`` of an answer."""
    return list(wire_values.decode_pairs(answer[field]))


class UnaryRules:
    """One rule per test, sections by the wire document."""

    # Payloads

    @pytest.mark.parametrize("payload", [b"", b"\x00", b"hello", LARGE], ids=["0-bytes", "1-byte", "5-bytes", "1-MiB"])
    def test_a_payload_arrives_unchanged_both_ways(self, pair: Pair, payload: bytes) -> None:
        answer = pair.call("Echo", payload)
        assert (answer["code"], answer["details"]) == ("OK", "")
        assert wire_values.decode_bytes(answer["response"]) == payload

    def test_calls_after_one_another_do_not_mix_up_their_payloads(self, pair: Pair) -> None:
        payloads = [b"%d" % number * number for number in range(50)]
        assert [wire_values.decode_bytes(pair.call("Echo", payload)["response"]) for payload in payloads] == payloads

    # Status and its details

    @pytest.mark.parametrize("code", CODES_BUT_OK)
    def test_each_code_but_ok_reaches_the_client_with_details_and_without_response(self, pair: Pair, code: str) -> None:
        answer = pair.call("Status", status_request(code, "why"))
        assert (answer["code"], answer["details"], answer["response"]) == (code, "why", None)

    @pytest.mark.parametrize("details", list(DETAILS.values()), ids=list(DETAILS))
    def test_details_survive_percent_encoding(self, pair: Pair, details: str) -> None:
        answer = pair.call("Status", status_request("NOT_FOUND", details))
        assert (answer["code"], answer["details"]) == ("NOT_FOUND", details)

    def test_details_of_an_ok_do_not_make_it_a_failure(self, pair: Pair) -> None:
        # Whether they arrive is left open: grpcio neither sends nor shows them, grpclib does both.
        request = status_request("OK", "all went well")
        answer = pair.call("Status", request)
        assert (answer["code"], wire_values.decode_bytes(answer["response"])) == ("OK", request)

    def test_an_unknown_method_is_unimplemented(self, pair: Pair) -> None:
        assert pair.call("NoSuchMethod", b"x")["code"] == "UNIMPLEMENTED"

    def test_a_call_after_a_failed_one_succeeds(self, pair: Pair) -> None:
        assert pair.call("Status", status_request("INTERNAL", "broken"))["code"] == "INTERNAL"
        assert pair.call("Echo", b"still here")["code"] == "OK"

    # Metadata

    def test_text_metadata_arrives_as_initial_and_as_trailing(self, pair: Pair) -> None:
        initial = ("echo-initial-text", "one, two; ~three")
        trailing = ("echo-trailing-text", "100%25 done")
        answer = pair.call("Metadata", b"x", metadata=[initial, trailing])
        assert answer["code"] == "OK"
        assert (only(answer, "initial"), only(answer, "trailing")) == ([initial], [trailing])

    @pytest.mark.parametrize("value", list(BINARY_VALUES.values()), ids=list(BINARY_VALUES))
    def test_binary_metadata_arrives_as_initial_and_as_trailing(self, pair: Pair, value: bytes) -> None:
        initial, trailing = ("echo-initial-bin", value), ("echo-trailing-bin", value + b"\xff")
        answer = pair.call("Metadata", b"x", metadata=[initial, trailing])
        assert answer["code"] == "OK"
        assert (only(answer, "initial"), only(answer, "trailing")) == ([initial], [trailing])

    def test_a_repeated_key_keeps_its_values_in_their_order(self, pair: Pair) -> None:
        values = [("echo-trailing-text", text) for text in ("b", "a", "c")]
        binaries = [("echo-trailing-x-bin", value) for value in (b"\x02", b"\x01")]
        answer = pair.call("Metadata", b"x", metadata=[*values, *binaries])
        assert only(answer, "trailing") == [*values, *binaries]

    def test_metadata_arrives_when_the_call_fails_too(self, pair: Pair) -> None:
        initial, trailing = ("echo-initial-bin", b"\xab\xab"), ("echo-trailing-text", "too late")
        answer = pair.call("FailWithMetadata", b"x", metadata=[initial, trailing])
        assert (answer["code"], answer["details"]) == ("ABORTED", "as asked")
        assert (only(answer, "initial"), only(answer, "trailing")) == ([initial], [trailing])

    # Deadlines

    def test_a_call_past_its_deadline_is_deadline_exceeded(self, pair: Pair) -> None:
        answer = pair.call("Wait", b"x", timeout=0.1)
        assert (answer["code"], answer["response"]) == ("DEADLINE_EXCEEDED", None)

    def test_the_deadline_travels_to_the_server(self, pair: Pair) -> None:
        answer = pair.call("Remaining", timeout=1000.0)
        # Between half and twice rules out every other unit. A client may round up: grpcio sends 1010 s for this.
        assert 500.0 < float(wire_values.decode_bytes(answer["response"])) < 2000.0

    def test_a_call_without_deadline_has_none_at_the_server(self, pair: Pair) -> None:
        answer = pair.call("Remaining", timeout=None)
        remaining = wire_values.decode_bytes(answer["response"])
        # grpcio says "none" in its own way, by hundreds of thousands of years.
        assert remaining == b"none" or float(remaining) > 1e12
