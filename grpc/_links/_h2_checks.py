"""The kinds of header blocks, and which of them need h2's own hand.

With its validation off, h2 gives a meaning to one thing alone in a received block: a status that is informational.
(To a content-length as well; but `_h2_hpack.LengthlessDecoder` keeps that from it.) All others change its state in the
same way, and so can be received by a short one. Whether a block is well formed is for `_fields` to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["REQUEST", "RESPONSE", "TRAILERS", "is_ordinary"]

REQUEST, RESPONSE, TRAILERS = range(3)


def is_ordinary(headers: Iterable[Any]) -> bool:
    """Tells headers that h2 takes for those of no informational response.

    Args:
        headers: All headers of a block, as decoded.

    Returns:
        Whether the first `:status` among its leading pseudo-headers, if there is one, does not begin with 1.
    """
    for name, value in headers:
        if name[:1] != b":":
            break
        if name == b":status":
            return bool(value[:1] != b"1")
    return True
