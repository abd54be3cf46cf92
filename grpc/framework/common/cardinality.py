"""How many messages a method takes, and how many it gives back."""

from __future__ import annotations

import enum


class Cardinality(enum.Enum):
    """The shape of a method: one message or a stream of them, in each direction.

    The first half of a member's name speaks of the requests, the second half of the responses.
    A stream may hold any number of messages, none included.
    """

    UNARY_UNARY = "request-unary/response-unary"
    UNARY_STREAM = "request-unary/response-streaming"
    STREAM_UNARY = "request-streaming/response-unary"
    STREAM_STREAM = "request-streaming/response-streaming"
