"""Operations: two sides exchange metadata and payloads, and both learn how it ended.

An application at this level, the *customer*, hands an `End` values to transmit and is handed the
values of the other side. Per operation and per side:

- first, at most once, initial metadata; then any number of payloads; at last, once, a
  `Completion`. None stands for "no value", so None is never a payload or metadata;
- each side hears the other's values through an `Operator`, and speaks through one: what a side
  *calls* is implemented by its End, what it *supplies* in a `Subscription` is called by its End;
- `allowance` is the only backpressure. Each side may send one payload to begin with, and more
  as the other side allows them. An End never delivers more than its customer has allowed; what a
  customer passes in beyond its leave, the End keeps until the leave comes, so a customer that
  wants bounded memory heeds the allowance that its own operator is told of;
- what a side allows tells what it has consumed: a transport takes it to keep what it has allowed
  and not consumed at a constant number, and lets the other side have as many bytes again as that
  has freed. So a side allows further payloads as it consumes, if in batches then in small ones
  (of some 64 KiB): one that waits for the last of many before it allows more may wait in vain;
- the service has the last word: its completion ends the operation on both sides, whatever the
  invocation side may still have wanted to say. The completion of the invocation side ends its own
  direction alone;
- the operation ends exactly once on each side, with an `Outcome`; after that no values are
  delivered, and what is still passed in is dropped. What the other side said before it ended the
  operation is delivered first; what it said before *this* side did so is not.

Metadata, codes and payloads mean nothing to this layer; it passes them on unchanged.

Durations are float seconds. An extension holds throughout: a `timeout` may be None for an
operation without a deadline, and the time remaining to such an operation is None, too.

Customer code (servicers, operators, protocol receivers) that raises is logged and makes its
operation fail locally, and no other. The other side sees a remote failure, with the type and the
words of the exception, unless it has completed the operation already. `abandonment.Abandoned` does
the same, but silently. A termination callback or idle action that raises is logged, and the others
are called.
"""

from __future__ import annotations

import abc
import enum
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Sequence, Tuple

if TYPE_CHECKING:
    import threading


class NoSuchMethodError(Exception):
    """Raised by a `Servicer` that does not know the method of an operation.

    Attributes:
        code: the code to be sent to the other side, or None.
        details: words to go with it, or None.
    """

    code: Optional[Any]
    details: Optional[str]

    def __init__(self, code: Optional[Any], details: Optional[str]) -> None:
        # Both go to Exception as well: that is what pickles and copies an exception.
        super().__init__(code, details)
        self.code = code
        self.details = details

    def __str__(self) -> str:
        return f"no such method; the other side is told code {self.code!r}, details {self.details!r}"


class Outcome:
    """How an operation ended, as one side sees it.

    A plain class: implementations supply the attributes, mostly as slots.
    `utilities.outcome` makes values of it.

    Attributes:
        kind: the manner of the end.
        code: the code that the other side sent, or None if it sent none.
        details: the words that the other side sent with it, or this side's own about a failure
            that it found, or None.
    """

    __slots__ = ()

    class Kind(enum.Enum):
        """The manner of an end.

        Members:
            COMPLETED: the service said all that it had to say. (For an invocation side that does
                not want to hear it: the invocation side did.)
            CANCELLED: one side called it off.
            EXPIRED: the timeout passed.
            LOCAL_SHUTDOWN: this side's End was stopped.
            REMOTE_SHUTDOWN: the other side's End was stopped, or refused the operation.
            RECEPTION_FAILURE: what the other side sent did not arrive, or contradicted itself.
            TRANSMISSION_FAILURE: what this side sent did not get through.
            LOCAL_FAILURE: a defect on this side.
            REMOTE_FAILURE: a defect on the other side.
        """

        COMPLETED = "completed"
        CANCELLED = "cancelled"
        EXPIRED = "expired"
        LOCAL_SHUTDOWN = "local shutdown"
        REMOTE_SHUTDOWN = "remote shutdown"
        RECEPTION_FAILURE = "reception failure"
        TRANSMISSION_FAILURE = "transmission failure"
        LOCAL_FAILURE = "local failure"
        REMOTE_FAILURE = "remote failure"

        __hash__ = object.__hash__  # enum's own runs Python code, and every operation is counted by its kind

    kind: Outcome.Kind
    code: Optional[Any]
    details: Optional[str]


class Completion:
    """The last that one side says in an operation: no payload of its own follows.

    A plain class, as `Outcome` is. `utilities.completion` makes values of it.

    Attributes:
        terminal_metadata: the metadata after the payloads, or None.
        code: a code for the other side, or None.
        message: words to go with it, or None.
    """

    __slots__ = ()

    terminal_metadata: Optional[Any]
    code: Optional[Any]
    message: Optional[str]


class OperationContext(abc.ABC):
    """What one side can learn of an operation, and do to it, besides passing values.

    No method blocks, and any thread may call them.
    """

    __slots__ = ()

    @abc.abstractmethod
    def outcome(self) -> Optional[Outcome]:
        """Tells how the operation ended.

        Returns:
            The outcome, or None while the operation is active. One that the other side has ended
            is active until all that the other side said before has been delivered; if this side
            calls it off until then, or fails, that is the outcome.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def add_termination_callback(self, callback: Callable[[Outcome], None]) -> Optional[Outcome]:
        """Asks to be told of the end, unless it is there already.

        Exactly one of the two happens: the callback is registered, to be called once, or the
        outcome is returned. Whoever gets an outcome returned has to act upon it; the callback
        will not be called.

        Args:
            callback: called with the outcome when the operation ends, by whichever thread ended
                it or was still delivering values; after the callback of the subscription.

        Returns:
            None if the operation is active and the callback is registered, otherwise the
            outcome, and the callback is not called.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def time_remaining(self) -> Optional[float]:
        """Tells how long the operation may still last.

        Returns:
            Nonnegative seconds until it expires, 0.0 if it has ended, or None if it has no
            deadline.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def cancel(self) -> None:
        """Calls the operation off, on both sides. Has no effect if it has ended."""
        raise NotImplementedError

    @abc.abstractmethod
    def fail(self, exception: BaseException) -> None:
        """Ends the operation because of a defect in the customer code of this side.

        This side's outcome is a local failure, the other side's a remote one. Has no effect if
        the operation has ended.

        Args:
            exception: what went wrong. It stays on this side, but for a `NoSuchMethodError`, which
                does what a `Servicer` does by raising it.
        """
        raise NotImplementedError


class Operator(abc.ABC):
    """Takes the values of one direction of an operation.

    Calls to one operator come one after another, never two at a time, though perhaps from
    different threads.
    """

    __slots__ = ()

    @abc.abstractmethod
    def advance(
        self,
        initial_metadata: Optional[Any] = None,
        payload: Optional[Any] = None,
        completion: Optional[Completion] = None,
        allowance: Optional[int] = None,
    ) -> None:
        """Takes the next values, all that are known together; they count in the order given here.

        Does not block. Values for an operation that has ended are dropped silently.

        Args:
            initial_metadata: comes at most once, no later than the first payload; or None.
            payload: the next payload, or None.
            completion: that, and how, the direction ends; nothing but allowance follows it.
                Or None.
            allowance: a positive number of further payloads that the *callee* may now send in
                the opposite direction, on top of what it was allowed before. Or None.

        Raises:
            ValueError: the caller contradicts itself: a value after the completion, initial
                metadata twice or after a payload, an allowance that is not positive. Nothing
                has been taken.
        """
        raise NotImplementedError

    def advance_payloads(self, payloads: Sequence[Any], completion: Optional[Completion] = None) -> None:
        """Takes several payloads at once; an extension that a batch travels by.

        It means the same as calling `advance` with each in turn, the last together with the
        completion, which is what this default does. Implementations override it where they can
        do better than that.

        Args:
            payloads: the payloads in order, none of them None. If there are none, only the
                completion counts.
            completion: as for `advance`.

        Raises:
            ValueError: as for `advance`.
        """
        last = len(payloads) - 1
        for index, payload in enumerate(payloads):
            self.advance(payload=payload, completion=completion if index == last else None)
        if last < 0 and completion is not None:
            self.advance(completion=completion)


class ProtocolReceiver(abc.ABC):
    """Takes the transport's own word about an operation."""

    __slots__ = ()

    @abc.abstractmethod
    def context(self, protocol_context: Any) -> None:
        """Takes the object that the transport offers to the customer. Does not block.

        Args:
            protocol_context: an object that the transport defines.
        """
        raise NotImplementedError


class Subscription:
    """What a side wants to hear of an operation, and who hears it.

    A plain class, so that one object can be an operation's subscription, its operator and its
    callback at once. `utilities` makes values of all three kinds.

    Attributes:
        kind: how much is to be heard.
        termination_callback: called once with the `Outcome` when the operation ends. Set for
            TERMINATION_ONLY. May be set for FULL, an extension: then it is called after the last
            call of the operator. None for NONE.
        allowance: called with a positive number of further payloads that this side may send,
            for kinds other than FULL, whose operator is not there to be told; None if this side
            does not care, and always None for FULL.
        operator: takes the values of the other side. Set for FULL, otherwise None.
        protocol_receiver: takes the transport's word, before the operator gets any value. May
            be set for FULL, otherwise None.
    """

    __slots__ = ()

    class Kind(enum.Enum):
        """How much of an operation is to be heard.

        Members:
            NONE: nothing. On the invocation side the operation ends with that side's completion.
            TERMINATION_ONLY: that and how it ends.
            FULL: every value of the other side.

        Values that are not to be heard never hold the other side up: they are dropped, by either
        End, and count as allowed.
        """

        NONE = "none"
        TERMINATION_ONLY = "termination only"
        FULL = "full"

        __hash__ = object.__hash__  # as for `Outcome.Kind`

    kind: Subscription.Kind
    termination_callback: Optional[Callable[[Outcome], None]]
    allowance: Optional[Callable[[int], None]]
    operator: Optional[Operator]
    protocol_receiver: Optional[ProtocolReceiver]


class Servicer(abc.ABC):
    """Customer code that serves the operations which the other side invokes."""

    __slots__ = ()

    @abc.abstractmethod
    def service(self, group: str, method: str, context: OperationContext, output_operator: Operator) -> Subscription:
        """Begins to serve an operation. Called once per operation, by any thread.

        Values may be passed to `output_operator` before this call returns.

        Args:
            group: the group of the method.
            method: its name within the group.
            context: the operation, as the service side sees it.
            output_operator: takes what this side has to send.

        Returns:
            The subscription to what the invocation side sends.

        Raises:
            NoSuchMethodError: this servicer does not know the method. The other side is told its
                code and details, as a local failure; here it counts as a remote one.
            abandonment.Abandoned: the operation has ended while this call was at work; a
                servicer may give up this way, and need not.
        """
        raise NotImplementedError


class End(abc.ABC):
    """One side of all operations between two places: invokes them, serves them, or both.

    Any thread may call any method, and none of them blocks.
    """

    __slots__ = ()

    @abc.abstractmethod
    def start(self) -> None:
        """Begins to take operations. Precedes every `operate`.

        An End that has stopped may be started again.

        Raises:
            ValueError: it has been started and has not stopped since.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def stop(self, grace: float) -> threading.Event:
        """Ends all operations, and takes no new ones from this moment on.

        What the other side begins is refused, in words that say that trying again is safe
        (`links.REFUSAL`). May be called from any callback.

        Args:
            grace: nonnegative seconds that running operations are given to end by themselves.
                After that they are aborted. A second call may shorten the time, not extend it.

        Returns:
            An event that is set when no operation is left and every callback and idle action has
            been called; at once if no operation is running. Waiting for it is up to the caller,
            and not for a callback.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def operate(
        self,
        group: str,
        method: str,
        subscription: Subscription,
        timeout: Optional[float],
        initial_metadata: Optional[Any] = None,
        payload: Optional[Any] = None,
        completion: Optional[Completion] = None,
        protocol_options: Optional[Any] = None,
    ) -> Tuple[OperationContext, Operator]:
        """Invokes an operation.

        Values that are known already are best passed here: they travel together.

        Args:
            group: the group of the method.
            method: its name within the group.
            subscription: what to hear of the other side.
            timeout: seconds that the operation may last, or None for no limit. Without any time,
                which 0 or less is, it expires at once and nothing is sent.
            initial_metadata: as for `Operator.advance`.
            payload: as for `Operator.advance`.
            completion: as for `Operator.advance`.
            protocol_options: an object for the transport, which defines it, or None.

        Returns:
            The operation as the invocation side sees it, and the operator that takes the
            further values of that side. The subscription may be called before this returns. On
            an End that is stopping or has stopped the operation ends at once, in a local shutdown
            of which the termination callback is told, and nothing is sent.

        Raises:
            ValueError: this End was never started.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def operation_stats(self) -> Dict[Outcome.Kind, int]:
        """Counts the operations that have ended since the start.

        Returns:
            For every kind of outcome how many operations ended so; kinds that have not occurred
            count 0. A new dict each time.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def add_idle_action(self, action: Callable[[], None]) -> None:
        """Asks for a call, once, as soon as no operation is active; at once if none is now.

        Args:
            action: called without arguments, by whichever thread ended the last operation. If
                it raises, the error is logged.
        """
        raise NotImplementedError
