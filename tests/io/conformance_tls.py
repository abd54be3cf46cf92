"""What every driver does over TLS: scenarios as in `conformance`."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, List

from grpc._values.security import ClientSecurity, ServerCertificates
from tests.io import certificates
from tests.io.conformance import numbers, scenario
from tests.io.rigs import PATIENCE
from tests.io.talkers import LOST, Call, Host, addresses_of, connect, reach

if TYPE_CHECKING:
    from tests.io.rigs import Rig

# ------------------------------------------------------------ a handshake that succeeds


@scenario
async def tls_echo(rig: Rig) -> None:
    """Over TLS bytes arrive whole and in order, and each end knows what there is to know of the other."""
    shown = certificates.identity("localhost", common_name="the server")
    host = Host(rig, security=certificates.server(shown), echo=True)
    near = await connect(rig, f"localhost:{host.listener.port}", certificates.client())
    data = numbers(1024 * 1024)
    near.say(data)
    await rig.until(lambda: len(near.received) == len(data))
    assert near.received == data
    seen = near.transport.auth_context
    assert seen is not None
    assert seen["transport_security_type"] == [b"ssl"]
    assert seen["x509_common_name"] == [b"the server"]
    assert b"localhost" in seen["x509_subject_alternative_name"]
    theirs = host.talkers[0].transport.auth_context
    assert theirs is not None
    assert "x509_common_name" not in theirs


@scenario
async def tls_with_both_sides_known(rig: Rig) -> None:
    """A server that requires a certificate knows its client by it."""
    who = certificates.identity("client@tests", common_name="the client")
    host = Host(rig, security=certificates.server(require_client_auth=True), echo=True)
    near = await connect(rig, f"127.0.0.1:{host.listener.port}", certificates.client(identity=who), greeting=b"hello")
    await rig.until(lambda: near.received == b"hello")
    seen = host.talkers[0].transport.auth_context
    assert seen is not None
    assert seen["x509_common_name"] == [b"the client"]
    assert seen["x509_subject_alternative_name"] == [b"client@tests"]


@scenario
async def tls_greetings(rig: Rig) -> None:
    """What both ends have to say on opening is sent once the handshake is over."""
    host = Host(rig, security=certificates.server(), greeting=b"from the server")
    near = await connect(rig, f"localhost:{host.listener.port}", certificates.client(), greeting=b"from the client")
    await rig.until(lambda: near.received == b"from the server")
    far = await host.talker()
    await rig.until(lambda: far.received == b"from the client")


@scenario
async def tls_close(rig: Rig) -> None:
    """Closing says farewell inside of TLS, and is heard on both sides."""
    host = Host(rig, security=certificates.server())
    near = await connect(rig, f"localhost:{host.listener.port}", certificates.client())
    far = await host.talker()
    near.last_words = b"farewell"
    near.transport.close("enough")
    await rig.until(lambda: near.over and far.over)
    assert near.lost == (f"{near.transport.peer}: enough", None)
    assert far.delivered == [b"farewell", LOST]
    assert far.lost is not None
    assert far.lost[0] == f"{far.transport.peer}: the peer closed the connection"


@scenario
async def tls_name_can_be_overridden(rig: Rig) -> None:
    """The name that is checked may be another one than the target's."""
    host = Host(rig, security=certificates.server())
    target = f"127.0.0.1:{host.listener.port}"
    await connect(rig, target, certificates.client(server_name="localhost"))
    call = await reach(rig, target, certificates.client(server_name="elsewhere.example"))
    ((sentence, _),) = call.failures
    assert "the peer's certificate is not accepted: Hostname mismatch" in sentence


@scenario
async def tls_certificates_are_fetched_for_each_connection(rig: Rig) -> None:
    """A server that can be asked for new certificates shows them to the next client."""
    offers = [None, ServerCertificates((certificates.identity("localhost", by="second"),))]
    security = certificates.server()._replace(fetch=lambda: offers.pop(0))
    host = Host(rig, security=security)
    await connect(rig, f"localhost:{host.listener.port}", certificates.client())
    await connect(rig, f"localhost:{host.listener.port}", certificates.client(roots_of=("second",)))
    assert offers == []


# ------------------------------------------------------------ a handshake that fails


@scenario
async def tls_with_an_unknown_authority(rig: Rig) -> None:
    """A server that nobody believed vouches for is not spoken to, and hears of it."""
    host = Host(rig, security=certificates.server())
    call = await reach(rig, f"localhost:{host.listener.port}", certificates.client(roots_of=("unknown",)))
    ((sentence, error),) = call.failures
    assert "TLS handshake failed: the peer's certificate is not accepted" in sentence
    assert isinstance(error, ssl.SSLCertVerificationError)
    assert host.talkers == []


@scenario
async def tls_to_a_plaintext_server(rig: Rig) -> None:
    """A server that speaks no TLS is told from one that does."""
    host = Host(rig, greeting=b"this is not TLS at all, not even nearly")
    call = await reach(rig, f"127.0.0.1:{host.listener.port}", certificates.client())
    ((sentence, _),) = call.failures
    assert sentence == f"ipv4:127.0.0.1:{host.listener.port}: TLS handshake failed: the peer does not speak TLS here"


@scenario
async def plaintext_to_a_tls_server(rig: Rig) -> None:
    """A client that speaks no TLS is turned away, and no connection is opened for it."""
    host = Host(rig, security=certificates.server())
    near = await connect(rig, f"127.0.0.1:{host.listener.port}", greeting=b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    await rig.until(lambda: near.over)
    assert host.talkers == []


@scenario
async def tls_without_http2(rig: Rig) -> None:
    """A client that does not offer HTTP/2 is turned away."""
    host = Host(rig, security=certificates.server())
    context = ssl.create_default_context(cadata=certificates.roots("first").decode())
    ends: List[object] = []

    def speak() -> None:
        with socket.create_connection(("127.0.0.1", host.listener.port), PATIENCE) as sock:
            try:
                with context.wrap_socket(sock, server_hostname="localhost") as wrapped:
                    ends.append(wrapped.recv(1))
            except OSError as error:
                ends.append(error)

    await rig.in_thread(speak)
    assert len(ends) == 1
    assert host.talkers == []


@scenario
async def tls_handshake_that_a_server_never_answers(rig: Rig) -> None:
    """A handshake counts against the client's timeout."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        call = Call(rig, (await addresses_of(rig, f"127.0.0.1:{port}"))[0], certificates.client(), timeout=0.05)
        await call.outcome()
    ((sentence, _),) = call.failures
    assert sentence == f"ipv4:127.0.0.1:{port}: no TLS handshake in 0.05 seconds"


@scenario
async def tls_handshake_that_a_client_never_begins(rig: Rig) -> None:
    """A client that does not begin its handshake in time is turned away."""
    host = Host(rig, security=certificates.server(), handshake_timeout=0.05)
    near = await connect(rig, f"127.0.0.1:{host.listener.port}")
    await rig.until(lambda: near.over)
    assert host.talkers == []


@scenario
async def tls_handshake_that_is_cancelled(rig: Rig) -> None:
    """An attempt may be cancelled in the middle of its handshake."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(PATIENCE)
        port = silent.getsockname()[1]
        call = Call(rig, (await addresses_of(rig, f"127.0.0.1:{port}"))[0], certificates.client())
        seen = []

        def take() -> None:
            peer, _ = silent.accept()
            with peer:
                seen.append(peer.recv(1))  # the handshake has begun
                rig.changed()
                while peer.recv(65536):
                    pass
                seen.append(b"")

        thread = rig.start_thread(take)
        await rig.until(lambda: bool(seen))
        call.attempt.cancel()
        await rig.until(lambda: thread.done)
        thread.join()
    assert len(seen) == 2
    assert not call.opened
    assert call.failures == []


@scenario
async def tls_with_unusable_roots(rig: Rig) -> None:
    """Roots that are no certificates fail the attempt with a ValueError."""
    host = Host(rig, security=certificates.server())
    call = await reach(rig, f"localhost:{host.listener.port}", ClientSecurity(b"not a certificate"))
    ((sentence, error),) = call.failures
    assert "the root certificates are not usable PEM" in sentence
    assert isinstance(error, ValueError)
