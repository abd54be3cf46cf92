"""One connection: to the address that answers first, where those further back begin a little later.

The addresses are put in order each time they come: shuffled if the service config says so, then families in turn, as it
is often a whole family that does not work on somebody's network. In that order, a pass over them (gRFC A61):

* Every address gets one attempt. The next one begins when the last one has failed, or beside it when that has brought
  nothing for `ATTEMPT_DELAY`: an address that does not answer costs a quarter of a second, and not the whole time that
  an attempt is given.
* The first to be connected is taken, and the others are given up.
* When all have failed, the channel has (gRFC A62: until one is connected, attempts or not), and from then on each
  address is tried again as soon as its own backoff ends.

A pass begins when somebody wants a connection, and when addresses come. Those that were there before keep the attempts
that are under way, and those that rest after a failure do not have to be waited for.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence

from grpc._links._policy import Policy
from grpc._values.connectivity import ChannelConnectivity

if TYPE_CHECKING:
    from grpc._links._failure import Failure
    from grpc._links._section import Section
    from grpc._links._subchannel import Subchannel
    from grpc.framework.foundation.environment import Environment, Timer

_State = ChannelConnectivity

ATTEMPT_DELAY = 0.25
"""After how many seconds without an outcome the next attempt begins beside the last one; A61 and RFC 8305 say so."""


class PickFirst(Policy):
    """See the module.

    When its connection is lost nothing happens until somebody wants one again; then the first address has its turn
    first.
    """

    __slots__ = (
        "_ahead",
        "_environment",
        "_failing",
        "_latest",
        "_past",
        "_patient_until",
        "_section",
        "_selected",
        "_shuffle",
        "_timer",
    )

    def __init__(
        self,
        section: Section,
        environment: Environment,
        *,
        shuffle: Optional[Callable[[List[Any]], None]] = None,
    ) -> None:
        """Begin without addresses.

        Args:
          section: The channel's.
          environment: The clock.
          shuffle: Puts a list in a random order, in place; called with the addresses each time they come. None to
            leave them as they are.
        """
        super().__init__()
        self._section = section
        self._environment = environment
        self._shuffle = shuffle
        self._selected: Optional[Subchannel] = None
        # Of the pass: those whose turn is still to come, the one that had it last, and until when that has it alone.
        self._ahead: List[Subchannel] = []
        self._latest: Optional[Subchannel] = None
        self._patient_until = 0.0
        self._timer: Optional[Timer] = None
        # Whether all have failed and none has been connected since, and what was said of the addresses before these.
        self._failing = False
        self._past: Optional[Failure] = None

    # ------------------------------------------------------------ what the pool says

    def update(self, subchannels: Sequence[Subchannel]) -> None:
        self._past = self.failure
        order = list(subchannels)
        if self._shuffle is not None:
            self._shuffle(order)
        order = families_in_turn(order)
        self._ahead = list(order)
        super().update(order)

    def exit_idle(self) -> None:
        self._ahead = list(self._subchannels)
        super().exit_idle()

    def enter_idle(self) -> None:
        self._selected = None
        self._end_pass()
        super().enter_idle()

    def shut_down(self) -> None:
        self._end_pass()
        super().shut_down()

    # ------------------------------------------------------------ what they are together

    @property
    def state(self) -> ChannelConnectivity:
        state = super().state
        return _State.TRANSIENT_FAILURE if state is _State.CONNECTING and self._failing else state

    @property
    def failure(self) -> Optional[Failure]:
        return super().failure or self._past

    # ------------------------------------------------------------ attempts

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
        if self._subchannels and all(subchannel.failure is not None for subchannel in self._subchannels):
            self._try_all_again()
        else:
            self._go_on()

    def _select(self, chosen: Subchannel) -> None:
        self._end_pass()
        self._selected = chosen
        for subchannel in self._subchannels:
            if subchannel is not chosen:
                subchannel.reset()

    def _try_all_again(self) -> None:
        """All have failed: begin with those that have rested since."""
        self._end_pass()
        self._failing = True
        for subchannel in self._subchannels:
            if subchannel.state is _State.IDLE:
                subchannel.connect()

    def _go_on(self) -> None:
        """Begin the next attempt of the pass, or wait for the last one."""
        ahead = self._ahead
        while ahead and ahead[0].state is not _State.IDLE:
            del ahead[0]
        if ahead and not self._in_patience():
            self._latest = ahead.pop(0)
            self._latest.connect()
            self._patient_until = self._environment.time() + ATTEMPT_DELAY
        if ahead and self._timer is None:
            self._timer = self._environment.call_at(self._patient_until, self._patience_over)

    def _in_patience(self) -> bool:
        """Whether the last attempt has its time for itself; one before it that fails meanwhile does not change that."""
        latest = self._latest
        return (
            latest is not None
            and latest.state is _State.CONNECTING
            and self._environment.time() < self._patient_until
        )

    def _patience_over(self) -> None:
        # Early if it was set for the attempt before, and late if it had gone off when it was stopped: then what runs is
        # the timer of another pass, if one does. In any case what is to be done follows from the clock.
        with self._section:
            self._stop_timer()
            self._advance()

    def _end_pass(self) -> None:
        self._stop_timer()
        self._ahead = []
        self._latest = None
        self._failing = False
        self._past = None

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()


def families_in_turn(subchannels: Sequence[Subchannel]) -> List[Subchannel]:
    """Order addresses so that the families alternate, the first one's first, as long as each has some left.

    Args:
      subchannels: In the order that they keep within their family.
    """
    families: Dict[int, List[Subchannel]] = {}
    for subchannel in subchannels:
        families.setdefault(subchannel.address.family, []).append(subchannel)
    rounds = itertools.zip_longest(*families.values())
    return [subchannel for round_ in rounds for subchannel in round_ if subchannel is not None]
