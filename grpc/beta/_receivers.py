"""The responses of an event-driven call, on their way to the application's receiver."""

from __future__ import annotations

from typing import Any, Callable, List, Optional

from grpc._values.status import StatusCode
from grpc.beta import _abortions, _coding
from grpc.framework.interfaces.face import face


class Receiver(face.ResponseReceiver):
    """Deserializes what arrives, and makes an abortion of a completion whose code is not OK.

    The application's receiver always hears of initial metadata before it hears anything else, and of the one response
    of a method that has one only when the call is known to have ended with OK. The calls come one at a time.
    """

    __slots__ = (
        "_abortion_callback",
        "_call",
        "_coders",
        "_faults",
        "_held",
        "_initial",
        "_many",
        "_over",
        "_receiver",
    )

    def __init__(
        self,
        receiver: face.ResponseReceiver,
        abortion_callback: Optional[Callable[[face.Abortion], None]],
        many: bool,
        coders: _coding.Coders,
        faults: _abortions.Faults,
    ) -> None:
        """Stand before a receiver.

        Args:
          receiver: The application's.
          abortion_callback: The application's, or None.
          many: Whether the method has many responses.
          coders: The method's.
          faults: Where to leave that a response cannot be deserialized.
        """
        self._receiver = receiver
        self._abortion_callback = abortion_callback
        self._many = many
        self._coders = coders
        self._faults = faults
        self._call: Optional[face.Call] = None
        self._initial: Optional[Any] = None  # None until the receiver has been told of it
        self._held: List[Any] = []
        self._over = False

    def attach(self, call: face.Call) -> None:
        """Name the Face call, which may have brought all its responses by now."""
        self._call = call
        # Whoever meets a bad response marks that first and then looks for the call, the other way round than here: so
        # at least one of the two sees both.
        if self._over and self._faults.first is not None:
            call.cancel()

    def initial_metadata(self, initial_metadata: Any) -> None:
        if not self._over and self._initial is None:
            self._initial = initial_metadata or ()
            self._receiver.initial_metadata(self._initial)

    def response(self, response: Any) -> None:
        if self._over:
            return
        try:
            message = _coding.deserialized(self._coders.deserialize, response, "response")
        except _abortions.Failure as failure:
            self._fail(failure)
            return
        self.initial_metadata(())
        if self._many:
            self._receiver.response(message)
        else:
            self._held.append(message)

    def complete(self, terminal_metadata: Optional[Any], code: Optional[Any], details: Optional[str]) -> None:
        if self._over:
            return
        self.initial_metadata(())
        ending = _abortions.ending(None, code, details)
        if ending.code is not StatusCode.OK:
            self._abort(_abortions.abortion(self._initial, terminal_metadata, ending.code, ending.details))
            return
        self._over = True
        for message in self._held:
            self._receiver.response(message)
        self._receiver.complete(terminal_metadata or (), ending.code, ending.details)

    def aborted(self, abortion: face.Abortion) -> None:
        """Learn that the call was aborted."""
        if self._over:
            return
        fault = self._faults.first
        ending = (
            _abortions.ending(abortion.kind, abortion.code, abortion.details)
            if fault is None
            else _abortions.Ending(fault.code, fault.details)
        )
        self._abort(
            _abortions.abortion(abortion.initial_metadata, abortion.terminal_metadata, ending.code, ending.details)
        )

    def _fail(self, failure: _abortions.Failure) -> None:
        self._faults.add(failure)
        self._over = True
        if self._call is not None:
            self._call.cancel()
        self._abort(_abortions.abortion(self._initial, (), failure.code, failure.details))

    def _abort(self, abortion: face.Abortion) -> None:
        self._over = True
        if self._abortion_callback is not None:
            self._abortion_callback(abortion)
