"""The connections of a channel: from its target to those that carry operations, and the state they are in together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, List, Optional, Tuple

from grpc._links import _policy, _resolution, _subchannel
from grpc._links._failure import Failure
from grpc._links._subchannel import Callbacks, Entry, Subchannel
from grpc._values.connectivity import ChannelConnectivity

if TYPE_CHECKING:
    from grpc._io import contract
    from grpc._links._client import ClientConnection
    from grpc._links._section import Section
    from grpc._values.connecting import Connecting
    from grpc._values.security import ClientSecurity

_State = ChannelConnectivity

MakeConnection = Callable[["contract.Transport", Callbacks], "ClientConnection"]


class Pool:
    """See the module. Methods without an underscore, and what they call, run inside the channel's section."""

    def __init__(
        self,
        section: Section,
        driver: contract.Driver,
        target: str,
        connecting: Connecting,
        security: Optional[ClientSecurity],
        policy: _policy.Policy,
        make_connection: MakeConnection,
        changed: Callable[[], None],
        configured: Callable[[contract.Texts], Optional[Failure]],
    ) -> None:
        """Make a pool without connections that wants none.

        Args:
          section: The channel's.
          driver: Resolves, connects, and gives the clock.
          target: Where to connect to.
          connecting: The figures.
          security: How to speak TLS; None for plaintext.
          policy: Decides what is connected.
          make_connection: Makes the connection to run on a transport. Called outside the section.
          changed: Called inside the section when `state`, `ready` or `failure` may have changed.
          configured: Judges the TXT records of an answer, see `Resolution`; may call `use_policy`.
        """
        self._section = section
        self._target = target
        self._policy = policy
        self._make_connection = make_connection
        self._changed = changed
        self._around = _subchannel.Surroundings(
            section, driver, connecting, security, self._make, self._subchannel_changed, lambda: self._health_service
        )
        self._inhibits_health_checking = connecting.inhibit_health_checking
        self._health_service: Optional[str] = None
        self._resolution = _resolution.Resolution(
            section, driver, target, connecting, self._resolved, self._unresolved, configured
        )
        self._no_addresses: Optional[Failure] = None
        # Whether the addresses are doubted, and the name service is to be asked as soon as a connection is wanted.
        self._stale = True
        self._refused: Optional[Failure] = None
        self.state = _State.IDLE
        # What takes new operations, in turn. Replaced, never changed: may be read outside the section.
        self.ready: Tuple[Entry, ...] = ()
        # Every connection that may carry an operation, those that take no new ones included. Replaced likewise.
        self.entries: Tuple[Entry, ...] = ()

    @property
    def failure(self) -> Failure:
        """Why there is no connection, while the state is TRANSIENT_FAILURE or SHUTDOWN."""
        if self.state is _State.SHUTDOWN:
            return Failure("the channel is closed", None, True)
        if self._refused is not None:
            return self._refused
        failure = self._policy.failure
        if failure is not None:
            return Failure(f"failed to connect to {self._target!r}: {failure.reason}", failure.cause)
        return self._no_addresses or Failure(f"there is no connection to {self._target!r}")

    # ------------------------------------------------------------ what the channel asks for

    def refuse(self, failure: Failure) -> None:
        """Never connect: whoever wants a connection is told of this failure. Called at the beginning, if at all."""
        self._refused = failure

    def exit_idle(self) -> None:
        """Somebody wants a connection."""
        if self.state is _State.IDLE:
            self._policy.exit_idle()
            self._refresh_addresses()
            self._sum_up()

    def enter_idle(self) -> None:
        """Nobody wants a connection any more: close those there are, for the operations on them have ended."""
        if self.state is not _State.SHUTDOWN:
            self._policy.enter_idle()
            self._resolution.stop()
            self._stale = True
            self._sum_up()

    def shut_down(self) -> None:
        """Never connect again. The running operations may end."""
        self.state = _State.SHUTDOWN
        self._resolution.stop()
        self._policy.shut_down()
        self.ready = ()
        self._changed()

    # ------------------------------------------------------------ addresses

    def use_policy(self, policy: _policy.Policy) -> None:
        """Have another policy decide, from the addresses on that follow at once: what there is, is closed gently."""
        former, self._policy = self._policy, policy
        wanted = former.state is not _State.IDLE
        former.shut_down()
        if wanted:
            policy.exit_idle()

    def check_health(self, service: Optional[str]) -> None:
        """Have it asked about a service's health at every connection, if that is for this policy.

        To be called after each change of the policy, too, and before the addresses that follow.

        Args:
          service: The service; None for none.
        """
        if self._inhibits_health_checking or not self._policy.checks_health:
            service = None
        if service != self._health_service:
            self._health_service = service
            for subchannel in self._policy.subchannels:
                subchannel.check_health()

    def _refresh_addresses(self) -> None:
        if self._stale and self._refused is None:
            self._stale = False
            self._resolution.request()

    def _resolved(self, addresses: List[contract.Address]) -> None:
        self._no_addresses = None
        kept = {subchannel.address: subchannel for subchannel in self._policy.subchannels}
        subchannels = [
            kept.pop(address) if address in kept else Subchannel(address, self._around)
            for address in dict.fromkeys(addresses)
        ]
        for gone in kept.values():
            gone.shut_down()
        self._policy.update(subchannels)
        self._sum_up()

    def _unresolved(self, failure: Failure) -> None:
        self._no_addresses = failure
        self._sum_up()

    # ------------------------------------------------------------ connections

    def _make(self, transport: contract.Transport, callbacks: Callbacks) -> ClientConnection:
        def lost(reason: str, cause: Optional[BaseException]) -> None:
            with self._section:
                self.entries = tuple(entry for entry in self.entries if entry[0] is not transport)
            callbacks.lost(reason, cause)

        connection = self._make_connection(transport, callbacks._replace(lost=lost))
        with self._section:
            self.entries = (*self.entries, (transport, connection))
        return connection

    def _subchannel_changed(self, subchannel: Subchannel) -> None:
        if subchannel.state in (_State.IDLE, _State.TRANSIENT_FAILURE):
            self._stale = True  # the address may be the target's no longer
        self._policy.changed(subchannel)
        if self._policy.state is not _State.IDLE:
            self._refresh_addresses()
        self._sum_up()

    def _sum_up(self) -> None:
        """Work out anew what follows from the states of all."""
        if self.state is _State.SHUTDOWN:
            return
        state = self._policy.state
        if state is not _State.IDLE and (
            self._refused is not None or (self._no_addresses is not None and not self._policy.subchannels)
        ):
            state = _State.TRANSIENT_FAILURE
        self.state = state
        self.ready = self._policy.entries
        self._changed()
