"""Metadata as a mapping whose keys may repeat."""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Tuple

from grpc._values.metadata import Metadatum

if TYPE_CHECKING:
    from grpc._modern._contexts import MetadataValue

Item = Tuple[str, "MetadataValue"]


class Metadata(abc.Mapping):  # type: ignore[type-arg]  # it iterates over pairs, which no Mapping[K, V] does
    """An ordered multi-mapping of metadata: keys are strings, values strings, or bytes where the key ends with `-bin`.

    A key that repeats keeps its values in their order. Where one value is asked for it is the first one, while length
    and iteration count every pair. Two are equal if they hold the same values under the same keys; a tuple of pairs
    compares, and adds, like the metadata that it would make.
    """

    __slots__ = ("_values",)

    def __init__(self, *args: Item) -> None:
        """Make metadata of (key, value) pairs."""
        self._values: Dict[str, List[MetadataValue]] = {}
        for key, value in args:
            self.add(key, value)

    @classmethod
    def from_tuple(cls, raw_metadata: Iterable[Item]) -> Metadata:
        """Make metadata of an iterable of pairs, or of None, which holds none."""
        return cls(*raw_metadata) if raw_metadata else cls()

    def add(self, key: str, value: MetadataValue) -> None:
        """Add a pair, after those that are there."""
        self._values.setdefault(key, []).append(value)

    def __len__(self) -> int:
        return sum(map(len, self._values.values()))

    def __getitem__(self, key: str) -> MetadataValue:
        return self._values[key][0]

    def __setitem__(self, key: str, value: MetadataValue) -> None:
        values = self._values.get(key)
        if values is None:
            self._values[key] = [value]
        else:
            values[0] = value

    def __delitem__(self, key: str) -> None:
        values = self._values[key]
        if len(values) == 1:
            del self._values[key]
        else:
            del values[0]

    def delete_all(self, key: str) -> None:
        """Remove every value of a key.

        Raises:
          KeyError: There is none.
        """
        del self._values[key]

    def __iter__(self) -> Iterator[Item]:
        for key, values in self._values.items():
            for value in values:
                yield Metadatum(key, value)

    def keys(self) -> abc.KeysView[str]:
        """The keys, each once; so that `dict(metadata)` has the first value of each."""
        return self._values.keys()

    def values(self) -> abc.ValuesView[MetadataValue]:
        """All values."""
        return _Values(self)

    def items(self) -> abc.ItemsView[str, MetadataValue]:
        """All pairs."""
        return _Items(self)

    def get_all(self, key: str) -> List[MetadataValue]:
        """All values of a key, none if it is not there."""
        return list(self._values.get(key, ()))

    def set_all(self, key: str, values: List[MetadataValue]) -> None:
        """Put these in the place of all values of a key."""
        if values:
            self._values[key] = list(values)
        else:
            self._values.pop(key, None)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __eq__(self, other: object) -> bool:
        if isinstance(other, tuple):
            try:
                other = Metadata(*other)
            except (TypeError, ValueError):
                return False  # not made of pairs
        if isinstance(other, Metadata):
            return self._values == other._values
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __add__(self, other: Any) -> Metadata:
        if not isinstance(other, (Metadata, tuple)):
            return NotImplemented
        return Metadata(*self, *other)

    def __repr__(self) -> str:
        return f"Metadata({', '.join(repr(tuple(item)) for item in self)})"


class _Values(abc.ValuesView):  # type: ignore[type-arg]
    __slots__ = ()

    def __contains__(self, value: object) -> bool:
        return any(value == held for held in self)

    def __iter__(self) -> Iterator[Any]:
        return (value for _, value in self._mapping)  # type: ignore[attr-defined]


class _Items(abc.ItemsView):  # type: ignore[type-arg]
    __slots__ = ()

    def __contains__(self, item: object) -> bool:
        return any(item == held for held in self)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._mapping)  # type: ignore[attr-defined]
