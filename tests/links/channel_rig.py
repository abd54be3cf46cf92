"""A channel whose driver is the test: names are resolved, addresses answer and peers speak when the test says so.

`Rig` joins an `InvocationLink` to an End that writes down what it hears. `Rig.driver` lists the questions and the
attempts; answering one with `accept` gives a `Peer`, a server made of h2 and nothing above it, joined in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Hashable, List, Optional

from grpc._io import contract
from grpc._links import invocation
from grpc._values.connecting import Connecting
from grpc._values.connection_options import KeepaliveOptions
from grpc._values.contexts import CallOptions, InvocationContext
from grpc._values.limits import Limits
from grpc.framework.interfaces.links import links, utilities
from tests.links.channel_peer import Peer, Transport
from tests.support.environment import FakeEnvironment

if TYPE_CHECKING:
    from grpc._values.connecting import ConfigLookup
    from grpc._values.security import ClientSecurity

Termination = links.Ticket.Termination
COMPLETION = Termination.COMPLETION


def address(name: str) -> contract.Address:
    """The address that is called so."""
    return contract.Address(2, (name, 1), name)


# ------------------------------------------------------------ the driver


class Attempt(contract.Attempt):
    """An attempt of which one can see whether it was given up."""

    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Question(Attempt):
    """A target to be resolved: the test calls `resolved` or `failed`."""

    def __init__(
        self,
        target: str,
        resolved: Callable[[contract.Answer], None],
        failed: contract.Failed,
        lookup: Optional[ConfigLookup],
        at: float,
    ) -> None:
        super().__init__()
        self.target = target
        self.lookup = lookup
        self.resolved = resolved
        self.failed = failed
        self.at = at


class Dial(Attempt):
    """An address to be connected to: the test calls `accept` or `failed`."""

    def __init__(
        self,
        to: contract.Address,
        open_connection: Callable[[contract.Transport], contract.Connection],
        failed: contract.Failed,
        security: Optional[ClientSecurity],
        timeout: float,
        at: float,
    ) -> None:
        super().__init__()
        self.to = to
        self.failed = failed
        self.security = security
        self.timeout = timeout
        self.at = at
        self._open = open_connection

    def open(self, max_streams: Optional[int] = None) -> Peer:
        """Answer with a server that has said nothing yet."""
        peer = Peer(max_streams)
        transport = Transport(self.to.name, peer)
        transport.run(self._open(transport))
        return peer

    def accept(self, max_streams: Optional[int] = None) -> Peer:
        """Answer with a server that has sent its settings."""
        peer = self.open(max_streams)
        peer.greet()
        return peer


class FakeDriver(contract.Driver):
    """Does nothing but write down what it is asked."""

    def __init__(self) -> None:
        self.environment: FakeEnvironment = FakeEnvironment()
        self.questions: List[Question] = []
        self.dials: List[Dial] = []
        # What happens while `connect` has not returned yet.
        self.meanwhile: Callable[[], None] = lambda: None

    def resolve(
        self,
        target: str,
        resolved: Callable[[contract.Answer], None],
        failed: contract.Failed,
        lookup: Optional[ConfigLookup] = None,
    ) -> Question:
        self.questions.append(Question(target, resolved, failed, lookup, self.environment.now))
        return self.questions[-1]

    def connect(
        self,
        address: contract.Address,
        open_connection: Callable[[contract.Transport], contract.Connection],
        failed: contract.Failed,
        security: Optional[ClientSecurity] = None,
        timeout: float = contract.CONNECT_TIMEOUT,
    ) -> Dial:
        self.dials.append(Dial(address, open_connection, failed, security, timeout, self.environment.now))
        self.meanwhile()
        return self.dials[-1]

    def listen(self, *args: Any, **kwargs: Any) -> contract.Listener:
        raise NotImplementedError()

    def close(self) -> None:
        pass


# ------------------------------------------------------------ the channel


class Ear(links.Link):
    """An End that writes down what it hears."""

    def __init__(self) -> None:
        self.tickets: List[links.Ticket] = []

    def accept_ticket(self, ticket: links.Ticket) -> None:
        self.tickets.append(ticket)

    def join_link(self, link: links.Link) -> None:
        pass


class Rig:
    """A channel with nothing real beneath it and nobody above it."""

    def __init__(
        self, *, target: str = "test.example:1", security: Optional[ClientSecurity] = None, **choices: Any
    ) -> None:
        keepalive = choices.pop("keepalive", KeepaliveOptions())
        limits = choices.pop("limits", Limits())
        self.driver = FakeDriver()
        self.environment = self.driver.environment
        self.ear = Ear()
        self.link = invocation.InvocationLink(
            self.driver,
            target,
            invocation.RequestHeaders("http", "test.example", "test"),
            limits,
            Connecting(**choices),
            security,
            keepalive,
        )
        utilities.join(self.ear, self.link)
        self.states: List[str] = []
        self.link.watch(lambda state: self.states.append(state.name))

    # ------------------------------------------------------------ from above

    def call(
        self,
        operation_id: Hashable,
        payload: bytes = b"",
        *,
        wait_for_ready: Optional[bool] = None,
        timeout: Optional[float] = None,
        whole: bool = True,
    ) -> None:
        """Begin an operation; a unary request unless `whole` is false."""
        protocol = None
        if wait_for_ready is not None:
            protocol = links.Protocol(links.Protocol.Kind.CALL_OPTION, CallOptions(wait_for_ready=wait_for_ready))
        self.link.accept_ticket(
            links.Ticket(
                operation_id,
                0,
                "pkg.Svc",
                "Do",
                links.Ticket.Subscription.FULL,
                timeout,
                payload=payload or str(operation_id).encode(),
                termination=COMPLETION if whole else None,
                protocol=protocol,
            )
        )

    def say(self, operation_id: Hashable, number: int, payload: Optional[bytes], last: bool = False) -> None:
        """Go on with an operation."""
        self.link.accept_ticket(
            links.Ticket(operation_id, number, payload=payload, termination=COMPLETION if last else None)
        )

    def cancel(self, operation_id: Hashable, number: int = 1) -> None:
        """Give an operation up."""
        self.link.accept_ticket(links.Ticket(operation_id, number, termination=Termination.CANCELLATION))

    # ------------------------------------------------------------ from below

    def resolve(self, *names: str, texts: contract.Texts = ()) -> None:
        """Answer the last question."""
        self.driver.questions[-1].resolved(contract.Answer([address(name) for name in names], texts))

    def connect(self, *names: str, max_streams: Optional[int] = None) -> Peer:
        """Have the channel connected, pick_first, to the first of the addresses."""
        self.link.state(try_to_connect=True)
        self.resolve(*(names or ("a",)))
        return self.last_dial.accept(max_streams)

    def refuse(self, dial: Optional[Dial] = None) -> None:
        """Have an attempt fail, the last one if none is given."""
        dial = self.last_dial if dial is None else dial
        dial.failed(f"{dial.to.name}: Connection refused", ConnectionRefusedError(111, "Connection refused"))

    @property
    def last_dial(self) -> Dial:
        return self.driver.dials[-1]

    @property
    def dialled(self) -> List[str]:
        """The addresses of all attempts so far, in order."""
        return [dial.to.name for dial in self.driver.dials]

    # ------------------------------------------------------------ what came of it

    @property
    def state(self) -> str:
        """The name of the channel's state."""
        return self.link.state().name

    def heard(self, operation_id: Hashable) -> List[links.Ticket]:
        """What the End was told of an operation."""
        return [ticket for ticket in self.ear.tickets if ticket.operation_id == operation_id]

    def ending(self, operation_id: Hashable) -> Optional[str]:
        """How an operation has ended: `OK`, the details of its failure, or None while it has not."""
        for ticket in self.heard(operation_id):
            if ticket.termination is not None:
                return "OK" if ticket.code == 0 else ticket.message
        return None

    def cause(self, operation_id: Hashable) -> Optional[BaseException]:
        """The error behind the failure of an operation."""
        protocol = self.heard(operation_id)[-1].protocol
        assert protocol is not None
        assert isinstance(protocol.value, InvocationContext)
        return protocol.value.cause
