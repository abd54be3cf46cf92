"""What one call is to be: a plan, made by the dice, known to the caller, to the handler and to who checks both."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple, Optional, Tuple

if TYPE_CHECKING:
    import random


class Shape(enum.Enum):
    """How many messages go each way; the value is the method's name."""

    UNARY_UNARY = "UnaryUnary"
    UNARY_STREAM = "UnaryStream"
    STREAM_UNARY = "StreamUnary"
    STREAM_STREAM = "StreamStream"

    @property
    def many_requests(self) -> bool:
        """Whether requests are a stream."""
        return self in (Shape.STREAM_UNARY, Shape.STREAM_STREAM)

    @property
    def many(self) -> bool:
        """Whether anything is a stream."""
        return self is not Shape.UNARY_UNARY

    @property
    def many_responses(self) -> bool:
        """Whether responses are a stream."""
        return self in (Shape.UNARY_STREAM, Shape.STREAM_STREAM)


class Order(enum.Enum):
    """What a handler does first."""

    ECHO = "echo"  # a response for each request
    LATE = "late"  # all requests, then all responses
    EARLY = "early"  # all responses, then all requests
    LEAVE = "leave"  # half of the requests, all responses, and then it returns


class PlannedError(Exception):
    """What an iterator of requests, or a handler, raises when that is planned."""


class Plan(NamedTuple):
    """All about one call.

    Attributes:
      key: Its number; no other call of the run has it.
      name: For people: whose call of which number.
      shape: Which method is called.
      style: How it is called; the words are those of the API's callers.
      requests: The sizes of the requests, in bytes.
      responses: The sizes of the responses.
      order: What the handler does first.
      timeout: Seconds, or None.
      wait_for_ready: Whether to wait while there is no connection.
      compression: 0 none, 1 deflate, 2 gzip; for both directions.
      cancels_at: The caller cancels when it has seen so many messages (responses if they are many, else requests);
        None for never.
      cancels_after: The caller, or somebody else, cancels after so many seconds; None for never.
      drops_at: The caller drops a stream of responses after so many; None for never.
      raises_at: The iterator of requests raises after so many; None for never.
      aborts_at: The handler aborts, or raises, after so many responses; None for never.
      pause: Seconds that the handler takes over each message.
      retried: Whether the channel tries again calls that failed with UNAVAILABLE.
    """

    key: int
    name: str
    shape: Shape
    style: str
    requests: Tuple[int, ...]
    responses: Tuple[int, ...]
    order: Order
    timeout: Optional[float]
    wait_for_ready: bool
    compression: int
    cancels_at: Optional[int]
    cancels_after: Optional[float]
    drops_at: Optional[int]
    raises_at: Optional[int]
    aborts_at: Optional[int]
    pause: float
    retried: bool

    @property
    def aborts_by_raising(self) -> bool:
        """How the handler aborts, if it does."""
        return self.key % 2 == 0


class Styles(NamedTuple):
    """What a caller can do.

    Attributes:
      of: For each shape the names of the styles.
      options: Whether calls may wait for a connection and be compressed.
      retried: Whether the channel tries calls again.
      untimed: Whether calls without a deadline are sure to end: a channel with keepalive.
    """

    of: dict[Shape, Tuple[str, ...]]
    options: bool
    retried: bool
    untimed: bool


_SMALL, _EDGES, _LARGE = (25, 400), (16_384, 65_535, 65_536), (1_000_000, 1_048_000)


def _size(dice: random.Random) -> int:
    chosen = dice.random()
    if chosen < 0.86:
        return dice.randint(*_SMALL)
    if chosen < 0.96:
        return dice.choice(_EDGES) + dice.randint(-30, 30)
    return dice.randint(*_LARGE)


def _sizes(dice: random.Random, many: bool) -> Tuple[int, ...]:
    if not many:
        return (_size(dice),)
    if dice.random() < 0.1:
        return ()
    if dice.random() < 0.25:
        return tuple(dice.randint(*_SMALL) for _ in range(dice.randint(20, 200)))
    return tuple(_size(dice) for _ in range(dice.randint(1, 8)))


def make_plan(dice: random.Random, key: int, name: str, styles: Styles) -> Plan:
    """Throw the dice for a call.

    Args:
      dice: Those of the caller.
      key: See `Plan`.
      name: See `Plan`.
      styles: What the caller can do.
    """
    shape = dice.choice(list(Shape))
    order = dice.choice(list(Order))
    requests, responses = _sizes(dice, shape.many_requests), _sizes(dice, shape.many_responses)
    style = dice.choice(styles.of[shape])
    if style == "turns":
        order = Order.ECHO
    if shape is Shape.STREAM_STREAM and order is Order.ECHO:
        responses = tuple(_size(dice) for _ in requests) if len(requests) < 20 else requests
    timeout = None if styles.untimed and dice.random() < 0.1 else round(10 ** dice.uniform(-2, 0.8), 3)
    ending = dice.random()
    cancels_at = cancels_after = drops_at = raises_at = aborts_at = None
    can_cancel = style not in ("blocking", "with_call")
    if ending < 0.07 and can_cancel and shape.many:
        cancels_at = dice.randint(0, len(responses) if shape.many_responses else len(requests))
    elif ending < 0.15 and can_cancel:
        cancels_after = 10 ** dice.uniform(-4, -0.5)
    elif ending < 0.20 and shape.many_responses and style in ("iterate", "read"):
        drops_at = dice.randint(0, len(responses))
    elif ending < 0.23 and shape.many_requests and style in ("blocking", "with_call", "future", "callback", "iterate"):
        raises_at = dice.randint(0, len(requests))
    elif ending < 0.28:
        aborts_at = dice.randint(0, len(responses))
    return Plan(
        key, name, shape, style, requests, responses, order, timeout,
        wait_for_ready=styles.options and timeout is not None and dice.random() < 0.4,
        compression=dice.choice((0, 0, 0, 1, 2)) if styles.options else 0,
        cancels_at=cancels_at,
        cancels_after=cancels_after,
        drops_at=drops_at,
        raises_at=raises_at,
        aborts_at=aborts_at,
        pause=dice.choice((0, 0, 0, 0, 0.001, 0.02)) if len(requests) + len(responses) < 20 else 0,
        retried=styles.retried,
    )  # fmt: skip
