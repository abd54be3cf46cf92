"""What every load balancing policy is: it says which addresses are connected to, and which connection carries what.

A policy is told of changes, answers by asking subchannels to connect, and sums their states up. All of it happens
inside the channel's section. Common to all policies: the channel has failed once every address has, and stays so until
one of them is connected, while attempts go on.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Optional, Sequence, Tuple

from grpc._links._failure import Failure
from grpc._values.connectivity import ChannelConnectivity

if TYPE_CHECKING:
    from grpc._links._subchannel import Entry, Subchannel

_State = ChannelConnectivity


class Policy(abc.ABC):
    """See the module."""

    __slots__ = ("_subchannels", "_wanted")

    checks_health = False
    """Whether a connection is to be READY only while its peer says that it serves, if the service config asks (A17)."""

    def __init__(self) -> None:
        """Begin without addresses, with nobody who wants a connection."""
        self._subchannels: Sequence[Subchannel] = ()
        self._wanted = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.state.name}, {list(self._subchannels)}>"

    @property
    def subchannels(self) -> Sequence[Subchannel]:
        """The addresses of the target, in order."""
        return self._subchannels

    def update(self, subchannels: Sequence[Subchannel]) -> None:
        """Go on with these addresses; those that are no longer among them have been shut down."""
        self._subchannels = subchannels
        self._advance()

    def exit_idle(self) -> None:
        """Somebody wants a connection."""
        self._wanted = True
        self._advance()

    def enter_idle(self) -> None:
        """Nobody wants a connection any more: let go of all there are."""
        self._wanted = False
        for subchannel in self._subchannels:
            subchannel.reset()

    def shut_down(self) -> None:
        """Never connect again; the running operations may end. Nothing else is called after this."""
        for subchannel in self._subchannels:
            subchannel.shut_down()

    def changed(self, subchannel: Subchannel) -> None:
        """The state of a subchannel has changed."""
        self._advance()

    @property
    def state(self) -> ChannelConnectivity:
        """The states of all addresses in one: IDLE, CONNECTING, READY or TRANSIENT_FAILURE."""
        if not self._wanted:
            return _State.IDLE
        if self.entries:
            return _State.READY
        failed = self._subchannels and all(subchannel.failure is not None for subchannel in self._subchannels)
        return _State.TRANSIENT_FAILURE if failed else _State.CONNECTING

    @property
    def failure(self) -> Optional[Failure]:
        """What has become of all the attempts together; None if none has failed."""
        failures = [subchannel.failure for subchannel in self._subchannels if subchannel.failure is not None]
        if not failures:
            return None
        return Failure("; ".join(failure.reason for failure in failures), failures[-1].cause)

    @property
    def entries(self) -> Tuple[Entry, ...]:
        """The connections that take new operations, in turn."""
        return tuple(
            subchannel.entry
            for subchannel in self._subchannels
            if subchannel.state is _State.READY and subchannel.entry is not None
        )

    @abc.abstractmethod
    def _advance(self) -> None:
        """Do what the states of the subchannels ask for now."""
        raise NotImplementedError()
