"""What is to be written, in the chunks in which it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Union, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Output"]


class Output(list[Union[bytes, memoryview]]):
    """What h2 has as one bytearray: chunks, joined once when they are taken, if at all."""

    has_long = False
    """Whether there is a chunk that should rather not be copied."""

    def __iadd__(self, data: Iterable[Any]) -> Output:  # type: ignore[override,misc]  # h2 adds bytes
        self.append(cast("bytes", data))
        return self
