"""Which addresses of a target are connected to, and which connection carries an operation.

A policy is told of changes, answers by asking subchannels to connect, and sums their states up. All of it happens
inside the channel's section. Common to all policies: the channel has failed once every address has, and stays so until
one of them is connected, while attempts go on.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Callable, Dict, Optional, Sequence, Tuple

from grpc._links._failure import Failure
from grpc._values.connectivity import ChannelConnectivity

if TYPE_CHECKING:
    from grpc._links._subchannel import Entry, Subchannel

_State = ChannelConnectivity


class Policy(abc.ABC):
    """See the module."""

    __slots__ = ("_subchannels", "_wanted")

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


class PickFirst(Policy):
    """One connection: to the first address that answers, one after another in their order.

    When it is lost nothing happens until somebody wants one again; then the first address has its turn first.
    """

    __slots__ = ("_selected",)

    def __init__(self) -> None:
        super().__init__()
        self._selected: Optional[Subchannel] = None

    def _advance(self) -> None:
        selected = self._selected
        if selected is not None:
            if selected.state is _State.READY:
                return
            self._selected = None
            if selected in self._subchannels:  # else the address has gone, and another one is wanted at once
                self._wanted = False
        if not self._wanted:
            return
        for subchannel in self._subchannels:
            if subchannel.state is _State.READY:
                self._select(subchannel)
                return
        if any(subchannel.state is _State.CONNECTING for subchannel in self._subchannels):
            return
        # Those that have failed before come round again when their backoff is over, and do not keep an untried
        # one from its turn: after each failure they rest.
        for subchannel in self._subchannels:
            if subchannel.state is _State.IDLE:
                subchannel.connect()
                return

    def _select(self, chosen: Subchannel) -> None:
        self._selected = chosen
        for subchannel in self._subchannels:
            if subchannel is not chosen:
                subchannel.reset()

    def enter_idle(self) -> None:
        self._selected = None
        super().enter_idle()


class RoundRobin(Policy):
    """A connection to every address, each made again as soon as it is lost; operations go to them in turn."""

    __slots__ = ()

    def _advance(self) -> None:
        if not self._wanted:
            return
        for subchannel in self._subchannels:
            if subchannel.state is _State.IDLE:
                if subchannel.rested:
                    subchannel.connect()
                else:
                    # It was connected for less than the backoff: a server that always hangs up at once must not
                    # be called again and again without a pause.
                    subchannel.rest()


POLICIES: Dict[str, Callable[[], Policy]] = {"pick_first": PickFirst, "round_robin": RoundRobin}
"""The policies by the names that service configs and channel arguments use."""
