"""Which of the choices in TXT records is for this client (gRFC A2)."""

from __future__ import annotations

import json
from typing import Any, Callable, List

import pytest

from grpc._links._service_config import ServiceConfigError
from grpc._links._service_config_choice import choose

FIRST = {"loadBalancingPolicy": "first"}
SECOND = {"loadBalancingPolicy": "second"}


def record(*choices: Any) -> List[bytes]:
    """A TXT record that lists choices, in strings as long as the DNS allows."""
    data = b"grpc_config=" + json.dumps(choices).encode()
    return [data[start : start + 255] for start in range(0, len(data), 255)]


def drawing(*numbers: int) -> Callable[[], int]:
    """Draws these numbers, and no more."""
    return iter(numbers).__next__


never = drawing()


def chosen(*choices: Any, draw: Callable[[], int] = never) -> Any:
    """What a machine called `here` takes."""
    return choose([record(*choices)], "here", draw)


def test_without_filters_the_first_is_taken() -> None:
    assert chosen({"serviceConfig": FIRST}, {"serviceConfig": SECOND}) == FIRST


def test_an_empty_list_has_nothing_for_anybody() -> None:
    assert chosen() is None


@pytest.mark.parametrize(
    ("languages", "fits"),
    [(["python"], True), (["go", "PyThon"], True), (["go", "c++"], False), ([], True), (None, True)],
)
def test_a_language_is_meant_in_any_case(languages: Any, fits: bool) -> None:
    assert chosen({"clientLanguage": languages, "serviceConfig": FIRST}) == (FIRST if fits else None)


@pytest.mark.parametrize(("names", "fits"), [(["there", "here"], True), (["Here"], False), ([], True), (None, True)])
def test_a_hostname_is_meant_as_it_is(names: Any, fits: bool) -> None:
    assert chosen({"clientHostname": names, "serviceConfig": FIRST}) == (FIRST if fits else None)


@pytest.mark.parametrize(
    ("percentage", "drawn", "fits"),
    [(0, 0, False), (1, 0, True), (1, 1, False), (50, 49, True), (50, 50, False), (100, 99, True)],
)
def test_a_percentage_is_of_a_hundred_numbers(percentage: int, drawn: int, fits: bool) -> None:
    found = chosen({"percentage": percentage, "serviceConfig": FIRST}, draw=drawing(drawn))
    assert found == (FIRST if fits else None)


def test_each_choice_is_drawn_for_anew() -> None:
    """Else of two equal shares the second would never be taken."""
    choices = [{"percentage": 10, "serviceConfig": FIRST}, {"percentage": 10, "serviceConfig": SECOND}]
    assert chosen(*choices, draw=drawing(50, 5)) == SECOND


def test_every_filter_has_to_let_the_client_through() -> None:
    choice = {"clientLanguage": ["python"], "clientHostname": ["there"], "percentage": 100, "serviceConfig": FIRST}
    assert chosen(choice, {"serviceConfig": SECOND}) == SECOND


def test_nothing_is_drawn_for_a_choice_that_is_for_others_anyway() -> None:
    assert chosen({"clientLanguage": ["go"], "percentage": 50, "serviceConfig": FIRST}) is None


def test_a_name_that_is_not_known_is_passed_over() -> None:
    assert chosen({"clientMood": "good", "serviceConfig": FIRST}) == FIRST


def test_the_strings_of_a_record_are_joined_wherever_they_are_cut() -> None:
    whole = b"grpc_config=" + json.dumps([{"serviceConfig": {"x": "ü" * 200}}], ensure_ascii=False).encode()
    for cut in range(1, len(whole), 7):
        assert choose([[whole[:cut], whole[cut:]]], "here", never) == {"x": "ü" * 200}


def test_records_of_others_are_ignored() -> None:
    assert choose([[b"v=spf1 -all"], [b"grpc_config"], [b"\xff"], record({"serviceConfig": FIRST})], "", never) == FIRST
    assert choose([[b"v=spf1 -all"], []], "", never) is None


def test_the_lists_of_several_records_are_one_after_another() -> None:
    others = record({"clientLanguage": ["go"], "serviceConfig": FIRST})
    assert choose([others, record({"serviceConfig": SECOND})], "", never) == SECOND


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"", "service config: grpc_config is not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"{}", "service config: grpc_config must be an array, not {}"),
        (b"[5]", "service config: grpc_config[0] must be an object, not 5"),
        (b"[{}]", "service config: grpc_config[0].serviceConfig must be an object, not null"),
        (
            b'[{"serviceConfig": {}}, {"serviceConfig": []}]',
            "service config: grpc_config[1].serviceConfig must be an object, not []",
        ),
        (
            b'[{"percentage": 101, "serviceConfig": {}}]',
            "service config: grpc_config[0].percentage must be a whole number from 0 to 100, not 101",
        ),
        (
            b'[{"percentage": true, "serviceConfig": {}}]',
            "service config: grpc_config[0].percentage must be a whole number from 0 to 100, not true",
        ),
        (
            b'[{"clientLanguage": "python", "serviceConfig": {}}]',
            'service config: grpc_config[0].clientLanguage must be an array of strings, not "python"',
        ),
        (
            b'[{"clientHostname": [1], "serviceConfig": {}}]',
            "service config: grpc_config[0].clientHostname must be an array of strings, not [1]",
        ),
    ],
)
def test_a_list_that_makes_no_sense_is_an_error_that_says_where(text: bytes, complaint: str) -> None:
    with pytest.raises(ServiceConfigError) as raised:
        choose([[b"grpc_config=" + text]], "", drawing(99))
    assert str(raised.value) == complaint


@pytest.mark.parametrize("text", [b"\xff", b"[" * 100_000], ids=["bytes that are no text", "deep nesting"])
def test_what_cannot_be_read_at_all_is_an_error_too(text: bytes) -> None:
    with pytest.raises(ServiceConfigError, match="grpc_config is not JSON: "):
        choose([[b"grpc_config=" + text]], "", never)
