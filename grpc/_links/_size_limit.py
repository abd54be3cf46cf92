"""How large a header block may be that arrives: up to one exact limit, or to a soft and a hard one with chance between.

By default there is one limit, and it is exact. Where a hard limit is given as well, what lies between the two is
refused at random, the more often the nearer it comes to the hard one: so whoever's metadata grow finds out by a few
failed RPCs before all of them fail. It is the rule of recent cores.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Callable, Sequence

from grpc._links import _metadata
from grpc._values import status

if TYPE_CHECKING:
    from grpc._values.limits import Limits


class SizeLimit:
    """Judges the size of the header blocks of one connection."""

    __slots__ = ("_draw", "_hard", "_too_large", "sure")

    def __init__(self, limits: Limits, draw: Callable[[], float] = random.random) -> None:
        """Take the limits.

        Args:
          limits: What is accepted; the two sizes of metadata of it are.
          draw: Gives numbers from 0 to below 1.
        """
        self._draw = draw
        self._hard = limits.most_metadata_size
        self._too_large = "max_metadata_size" if limits.hard_metadata_size is None else "absolute_max_metadata_size"
        self.sure = min(limits.max_metadata_size, self._hard)
        """The largest size that is accepted always."""

    def check(self, fields: Sequence[_metadata.Header], what: str) -> None:
        """Make sure that a header block that arrived is not too large.

        Args:
          fields: The block.
          what: Its name for the text.

        Raises:
          MetadataError: It is, or it was this one's turn to be refused.
        """
        size = _metadata.block_size(fields)
        if size <= self.sure:
            return
        if size > self._hard:
            fault = f"exceeds the limit of {self._hard}; raise it with 'grpc.{self._too_large}'"
        elif self._draw() < (size - self.sure) / (self._hard - self.sure):
            fault = (
                f"exceeds the soft limit of {self.sure} and was refused at random, as more and more are up to the hard "
                f"limit of {self._hard}; raise the soft one with 'grpc.max_metadata_size'"
            )
        else:
            return
        raise _metadata.MetadataError(f"received {what} of {size} bytes {fault}", status.RESOURCE_EXHAUSTED)
