"""A connection to every address, and operations that go to them in turn."""

from __future__ import annotations

from grpc._links._policy import Policy
from grpc._values.connectivity import ChannelConnectivity

_State = ChannelConnectivity


class RoundRobin(Policy):
    """A connection to every address, each made again as soon as it is lost; operations go to them in turn."""

    __slots__ = ()

    checks_health = True

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
