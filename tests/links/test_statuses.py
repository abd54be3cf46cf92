"""Statuses: wire facts, sections 2, 6 and 7."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpc._links import _statuses
from grpc.framework.interfaces.links import links

Termination = links.Ticket.Termination


class TestMessage:
    @pytest.mark.parametrize(
        ("message", "wire"),
        [
            ("", b""),
            ("all printable ASCII ~!@#$^&*() goes as it is", b"all printable ASCII ~!@#$^&*() goes as it is"),
            ("100%", b"100%25"),
            ("\t\r\n", b"%09%0D%0A"),
            ("\x7f", b"%7F"),
            ("☺", b"%E2%98%BA"),
            ("\U0001f600", b"%F0%9F%98%80"),
            ("a/b?c=d;e", b"a/b?c=d;e"),
        ],
    )
    def test_bytes_outside_printable_ascii_and_the_percent_sign_are_escaped_in_upper_case(
        self, message: str, wire: bytes
    ) -> None:
        assert _statuses.encode_message(message) == wire
        assert _statuses.decode_message(wire) == message

    @pytest.mark.parametrize(
        ("message", "wire"),
        [(" ", b"%20"), ("  a b ", b"%20%20a b%20"), (" %", b"%20%25"), ("   ", b"%20%20%20"), ("é ", b"%C3%A9%20")],
    )
    def test_spaces_at_the_ends_are_escaped_because_http_allows_none_there(self, message: str, wire: bytes) -> None:
        assert _statuses.encode_message(message) == wire
        assert _statuses.decode_message(wire) == message

    @pytest.mark.parametrize(
        ("wire", "message"),
        [
            (b"50%", "50%"),
            (b"%", "%"),
            (b"%4", "%4"),
            (b"%zz", "%zz"),
            (b"%E2%98", "\ufffd"),
            (b"%ff", "\ufffd"),
            (b"%e2%98%ba", "☺"),
            (b"\xe2\x98\xba", "☺"),
            (b"%%41", "%A"),
        ],
    )
    def test_decoding_never_fails(self, wire: bytes, message: str) -> None:
        assert _statuses.decode_message(wire) == message

    @given(st.text())
    def test_whatever_is_sent_is_read_and_is_a_header_value(self, message: str) -> None:
        wire = _statuses.encode_message(message)
        assert _statuses.decode_message(wire) == message
        assert all(0x20 <= byte <= 0x7E for byte in wire)
        assert wire == wire.strip(b" ")

    @given(st.binary())
    def test_any_bytes_can_be_read(self, wire: bytes) -> None:
        assert isinstance(_statuses.decode_message(wire), str)

    def test_what_is_not_unicode_is_replaced(self) -> None:
        assert _statuses.encode_message("\ud800") == b"?"


class TestParseStatus:
    @pytest.mark.parametrize("number", range(17))
    def test_0_to_16_are_themselves(self, number: int) -> None:
        assert _statuses.parse_status(b"%d" % number) == number

    @pytest.mark.parametrize("text", [b"17", b"99", b"100", b"4294967296"])
    def test_other_numbers_are_unknown(self, text: bytes) -> None:
        assert _statuses.parse_status(text) == 2

    @pytest.mark.parametrize("text", [b"", b"x", b"-1", b"+1", b"1.0", b" 1", b"0x1", b"\xb2"])
    def test_what_is_no_number_is_unknown(self, text: bytes) -> None:
        assert _statuses.parse_status(text) == 2

    @pytest.mark.parametrize("text", [b"00", b"01", b"016"])
    def test_leading_zeros_are_unknown(self, text: bytes) -> None:
        assert _statuses.parse_status(text) == 2


@pytest.mark.parametrize(
    ("error_code", "number"),
    [
        *((0, 13), (1, 13), (2, 13), (3, 13), (4, 13), (5, 13), (6, 13), (7, 14), (8, 1), (9, 13), (10, 13), (11, 8)),
        *((12, 7), (13, 13), (14, 13), (2**32 - 1, 13)),
    ],
)
def test_status_of_a_reset(error_code: int, number: int) -> None:
    assert _statuses.status_of_reset(error_code) == number


@pytest.mark.parametrize(
    ("number", "error_code"),
    [(0, 0), (1, 8), (4, 8), (8, 11), (7, 12), (14, 7), (2, 2), (3, 2), (5, 2), (12, 2), (13, 2), (16, 2), (99, 2)],
)
def test_reset_for_a_status(number: int, error_code: int) -> None:
    assert _statuses.reset_of_status(number) == error_code


@pytest.mark.parametrize(
    ("http_status", "number"),
    [
        *((b"400", 13), (b"401", 16), (b"403", 7), (b"404", 12), (b"429", 14), (b"502", 14), (b"503", 14)),
        *((b"504", 14), (b"200", 2), (b"204", 2), (b"302", 2), (b"409", 2), (b"500", 2), (b"", 2), (b"x", 2)),
    ],
)
def test_status_of_an_http_status(http_status: bytes, number: int) -> None:
    assert _statuses.status_of_http(http_status) == number


@pytest.mark.parametrize("termination", list(Termination))
def test_every_termination_of_a_service_has_a_status(termination: Termination) -> None:
    assert 0 <= _statuses.status_of_termination(termination) <= 16


@pytest.mark.parametrize(
    ("number", "termination"),
    [
        (0, Termination.COMPLETION),
        (1, Termination.CANCELLATION),
        (4, Termination.EXPIRATION),
        (12, Termination.REMOTE_FAILURE),
        (2, Termination.LOCAL_FAILURE),
        (14, Termination.LOCAL_FAILURE),
    ],
)
def test_termination_of_a_status_that_a_service_sent(number: int, termination: Termination) -> None:
    """SHUTDOWN is none of them: it says that nothing was processed, which no status does."""
    assert _statuses.termination_of_status(number) is termination
