"""Metadata: a mapping whose keys repeat."""

from __future__ import annotations

import copy
import pickle

import pytest

from grpc.aio import Metadata


@pytest.fixture
def metadata() -> Metadata:
    return Metadata(("a", "1"), ("b", "2"), ("a", "3"))


def test_iteration_and_length_count_every_pair(metadata: Metadata) -> None:
    assert list(metadata) == [("a", "1"), ("a", "3"), ("b", "2")]
    assert len(metadata) == 3


def test_a_key_stands_for_its_first_value(metadata: Metadata) -> None:
    assert (metadata["a"], metadata.get("a"), metadata.get("z")) == ("1", "1", None)
    with pytest.raises(KeyError):
        metadata["z"]


def test_setting_replaces_the_first_value_or_adds_a_key(metadata: Metadata) -> None:
    metadata["a"] = "9"
    metadata["z"] = "0"
    assert (metadata.get_all("a"), metadata.get_all("z")) == (["9", "3"], ["0"])


def test_deleting_removes_the_first_value(metadata: Metadata) -> None:
    del metadata["a"]
    assert metadata.get_all("a") == ["3"]
    del metadata["a"]
    assert "a" not in metadata
    with pytest.raises(KeyError):
        del metadata["a"]


def test_deleting_all_removes_the_key(metadata: Metadata) -> None:
    metadata.delete_all("a")
    assert list(metadata) == [("b", "2")]
    with pytest.raises(KeyError):
        metadata.delete_all("a")


def test_all_values_of_a_key_can_be_had_and_replaced(metadata: Metadata) -> None:
    metadata.set_all("a", ["x"])
    assert (metadata.get_all("a"), metadata.get_all("z")) == (["x"], [])
    metadata.set_all("a", [])
    assert "a" not in metadata


def test_what_is_given_out_is_a_copy(metadata: Metadata) -> None:
    metadata.get_all("a").append("x")
    assert metadata.get_all("a") == ["1", "3"]


def test_views_show_keys_once_and_values_all(metadata: Metadata) -> None:
    assert list(metadata.keys()) == ["a", "b"]
    assert list(metadata.values()) == ["1", "3", "2"]
    assert list(metadata.items()) == list(metadata)
    assert ("a", "3") in metadata.items()
    assert "3" in metadata.values()


def test_a_dict_of_it_has_the_first_values(metadata: Metadata) -> None:
    assert dict(metadata) == {"a": "1", "b": "2"}


def test_it_equals_what_holds_the_same(metadata: Metadata) -> None:
    assert metadata == Metadata(("b", "2"), ("a", "1"), ("a", "3"))
    assert metadata == (("a", "1"), ("a", "3"), ("b", "2"))
    assert metadata != Metadata(("a", "3"), ("a", "1"), ("b", "2"))
    assert metadata != (1, 2)
    assert metadata != "abc"


def test_it_adds_metadata_and_tuples(metadata: Metadata) -> None:
    pair, pairs, more = Metadata(("a", "1")), (("a", "2"),), Metadata(("b", "3"))
    assert list(pair + pairs + more) == [("a", "1"), ("a", "2"), ("b", "3")]
    assert list(pair) == [("a", "1")]
    with pytest.raises(TypeError):
        _ = metadata + 5


def test_it_is_made_of_a_tuple_or_of_nothing() -> None:
    assert list(Metadata.from_tuple((("a", "1"), ("a", "2")))) == [("a", "1"), ("a", "2")]
    assert len(Metadata.from_tuple(())) == 0


def test_halves_of_pairs_have_names(metadata: Metadata) -> None:
    assert [(item.key, item.value) for item in metadata] == list(metadata)
    assert type(metadata)(*metadata) == metadata


def test_it_prints_copies_and_pickles(metadata: Metadata) -> None:
    assert repr(metadata) == "Metadata(('a', '1'), ('a', '3'), ('b', '2'))"
    for clone in (copy.deepcopy(metadata), pickle.loads(pickle.dumps(metadata))):
        assert clone == metadata
        assert type(clone) is Metadata


def test_it_has_no_hash_because_it_changes(metadata: Metadata) -> None:
    with pytest.raises(TypeError):
        hash(metadata)
