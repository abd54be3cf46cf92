"""Frozen values that satisfy the value classes of the Base contract, compared by what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, ClassVar, Final, Optional, Tuple

from grpc.framework.interfaces.base import base

if TYPE_CHECKING:
    from grpc.framework.interfaces.base.base import Completion, Operator, Outcome, ProtocolReceiver, Subscription

# The way past a frozen class's own __setattr__, needed while a value is being made.
_set: Final = object.__setattr__


class _Value:
    """Makes a slotted class a frozen value: equal, hashed, shown and pickled by its fields.

    Not a dataclass, because those cannot have slots on the oldest Python that we support.
    Subclasses name their fields in `__match_args__`, in the order of their `__init__`.
    """

    __slots__ = ()
    __match_args__: ClassVar[Tuple[str, ...]] = ()

    def _fields(self) -> Tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self.__match_args__])

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot set {name!r}: {self!r} does not change")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"cannot delete {name!r}: {self!r} does not change")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash((type(self), self._fields()))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__name__.lstrip('_')}({shown})"

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), self._fields()


class _Outcome(_Value, base.Outcome):
    __slots__ = ("code", "details", "kind")
    __match_args__ = ("kind", "code", "details")

    def __init__(self, kind: Outcome.Kind, code: Optional[Any], details: Optional[str]) -> None:
        _set(self, "kind", kind)
        _set(self, "code", code)
        _set(self, "details", details)


class _Completion(_Value, base.Completion):
    __slots__ = ("code", "message", "terminal_metadata")
    __match_args__ = ("terminal_metadata", "code", "message")

    def __init__(self, terminal_metadata: Optional[Any], code: Optional[Any], message: Optional[str]) -> None:
        _set(self, "terminal_metadata", terminal_metadata)
        _set(self, "code", code)
        _set(self, "message", message)


class _Subscription(_Value, base.Subscription):
    __slots__ = ("allowance", "kind", "operator", "protocol_receiver", "termination_callback")
    __match_args__ = ("kind", "termination_callback", "allowance", "operator", "protocol_receiver")

    def __init__(
        self,
        kind: Subscription.Kind,
        termination_callback: Optional[Callable[[Outcome], None]],
        allowance: Optional[Callable[[int], None]],
        operator: Optional[Operator],
        protocol_receiver: Optional[ProtocolReceiver],
    ) -> None:
        _set(self, "kind", kind)
        _set(self, "termination_callback", termination_callback)
        _set(self, "allowance", allowance)
        _set(self, "operator", operator)
        _set(self, "protocol_receiver", protocol_receiver)


def outcome(kind: Outcome.Kind, code: Optional[Any] = None, details: Optional[str] = None) -> Outcome:
    """Makes an outcome.

    Args:
        kind: how the operation ended.
        code: the code that the other side sent, or None.
        details: the words that it sent, or None.

    Returns:
        A value: it does not change, and equals every other that holds the same.
    """
    return _Outcome(kind, code, details)


def completion(terminal_metadata: Optional[Any], code: Optional[Any], message: Optional[str]) -> Completion:
    """Makes a completion.

    Args:
        terminal_metadata: the metadata after the payloads, or None.
        code: a code for the other side, or None.
        message: words to go with it, or None.

    Returns:
        A value: it does not change, and equals every other that holds the same. It can be
        hashed if the metadata can.
    """
    return _Completion(terminal_metadata, code, message)


def full_subscription(operator: Operator, protocol_receiver: Optional[ProtocolReceiver]) -> Subscription:
    """Makes a subscription to everything.

    Args:
        operator: takes the values of the other side.
        protocol_receiver: takes the transport's word, or None to do without.

    Returns:
        A value of kind FULL without a termination callback.
    """
    return _Subscription(base.Subscription.Kind.FULL, None, None, operator, protocol_receiver)


def termination_subscription(callback: Callable[[Outcome], None]) -> Subscription:
    """Makes a subscription to the end of an operation alone.

    Args:
        callback: called once, with the outcome.

    Returns:
        A value of kind TERMINATION_ONLY.
    """
    return _Subscription(base.Subscription.Kind.TERMINATION_ONLY, callback, None, None, None)


NONE_SUBSCRIPTION: Final[Subscription] = _Subscription(base.Subscription.Kind.NONE, None, None, None, None)
"""The subscription to nothing: whoever invokes with it will not hear of the operation again."""
