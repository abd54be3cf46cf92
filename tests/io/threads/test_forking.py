"""Forks: what the child has, what it must not touch, and that both go on."""

from __future__ import annotations

import pytest

from tests.io.threads import children

pytestmark = pytest.mark.slow


def test_a_child_reports_the_parents_connection_lost_and_makes_its_own() -> None:
    assert children.run(
        """
server, listener, served = serve()
driver, transport, connection = connect(listener.port)
call(driver, transport, connection, b"before")
pending = echo(connection, transport, b"no answer 1")

def child():
    assert driver.environment.wait(pending, driver.environment.time() + LIMIT)  # a call in flight ends here
    reason = connection.await_loss()
    own, own_connection = connect_again(driver, listener.port)
    call(driver, own, own_connection, b"from the child")
    own.close("enough")
    driver.close()
    return reason, [line for line in own_connection.lines]

reason, lines = in_child(child)
print(reason.partition(": ")[2], lines)
call(driver, transport, connection, b"after")
assert not pending.ready and not connection.losses
print(connection.lines)
"""
    ) == ["the process was forked [b'from the child']", "[b'before', b'after']"]


def test_a_child_has_none_of_the_parents_descriptors_and_no_thread_of_ours_until_it_needs_one() -> None:
    assert children.run(
        """
import gc
plain = len(open_descriptors())
server, listener, served = serve()
driver, transport, connection = connect(listener.port)
call(driver, transport, connection, b"before")
transport.close("enough")  # now there is nothing that a child would have to report
listener.close()
for accepted, _ in served:
    accepted.close("enough")
# A reactor that is just reading closes the descriptor when it comes out of that.
until(lambda: all(end._socket.fileno() == -1 for end in (transport, *(accepted for accepted, _ in served))))

def child():
    gc.collect()
    ours = [thread.name for thread in threading.enumerate() if thread.name.startswith("grpc")]
    return len(open_descriptors()) - plain - 1, ours  # but the pipe

print(in_child(child))
"""
    ) == ["(0, [])"]


def test_a_child_has_none_of_the_descriptors_of_a_reactor_that_is_just_ending() -> None:
    assert children.run(
        """
from grpc._io.threads._reactor import Reactor
plain = len(open_descriptors())
reactor = Reactor("grpc-ending")
reactor.acquire()
busy, go = threading.Event(), threading.Event()

def be_busy():
    busy.set()
    go.wait(LIMIT)

reactor.call_soon(be_busy)
assert busy.wait(LIMIT)
reactor.release()

def child():
    return len(open_descriptors()) - plain - 1  # but the pipe

print(in_child(child))
go.set()
reactor.join()
"""
    ) == ["0"]


def test_a_servers_sockets_are_closed_in_the_child_and_its_clients_stay_with_the_parent() -> None:
    assert children.run(
        """
server, listener, served = serve()
driver, transport, connection = connect(listener.port)
call(driver, transport, connection, b"before")

def child():
    accepted, its_connection = served[0]
    return (
        len(listener._sockets),
        accepted._socket.fileno(),
        its_connection.lost.is_set(),  # nobody runs the parent's handlers' business here
        accepted.settle() or its_connection.await_loss().partition(": ")[2],  # but who asks is told
    )

print(in_child(child))
call(driver, transport, connection, b"after")
print(connection.lines)
"""
    ) == ["(0, -1, False, 'the process was forked')", "[b'before', b'after']"]


def test_a_child_can_close_what_it_has_inherited() -> None:
    assert children.run(
        """
server, listener, served = serve()
driver, transport, connection = connect(listener.port)
call(driver, transport, connection, b"before")

def child():
    transport.close("enough")
    driver.close()
    listener.close()
    server.close()
    return [thread.name for thread in threading.enumerate()]

print(in_child(child))
call(driver, transport, connection, b"after")
"""
    ) == ["['MainThread']"]


def test_a_unix_sockets_file_stays_the_parents() -> None:
    assert children.run(
        """
import tempfile
with tempfile.TemporaryDirectory() as folder:
    driver = threads.server_driver()
    listener = driver.listen(f"unix:{folder}/socket")
    print(in_child(lambda: listener.close() or os.path.exists(f"{folder}/socket")))
    listener.close()
"""
    ) == ["True"]


def test_the_tls_session_of_the_parent_is_left_alone() -> None:
    assert children.run(
        """
from tests.io import certificates
server, listener, served = serve(certificates.server())
driver, transport, connection = connect(listener.port, certificates.client())
call(driver, transport, connection, b"before")

def child():
    transport.close("enough")  # must not say goodbye in the parent's name
    own, own_connection = connect_again(driver, listener.port, certificates.client())
    call(driver, own, own_connection, b"from the child")
    return own_connection.lines

print(in_child(child))
call(driver, transport, connection, b"after")
print(connection.lines)
"""
    ) == ["[b'from the child']", "[b'before', b'after']"]


def test_attempts_under_way_fail_in_the_child_and_go_on_in_the_parent() -> None:
    assert children.run(
        """
driver = threads.client_driver()
with socket.create_server(("127.0.0.1", 0)) as silent:
    asked, answer = threading.Event(), threading.Event()
    addresses.literal, literal = lambda target: [], addresses.literal
    addresses.resolve = lambda target: asked.set() or answer.wait(LIMIT) and literal("127.0.0.1:1")
    outcomes, over = [], threading.Semaphore(0)
    def note(*what):
        outcomes.append(what)
        over.release()
    driver.resolve("some.example:1", note, note)
    assert asked.wait(LIMIT)
    from tests.io import certificates
    (address,) = literal("{}:{}".format(*silent.getsockname()))
    driver.connect(address, note, note, certificates.client())
    peer, _ = silent.accept()
    assert peer.recv(1)

    def child():
        for _ in range(2):
            assert over.acquire(timeout=LIMIT)
        return sorted(reason for reason, cause in outcomes)

    for reason in in_child(child):
        print(reason.replace(address.name, "address"))
    assert outcomes == []
    answer.set()
    assert over.acquire(timeout=LIMIT)
    print(outcomes[0][0].addresses[0].name)
    driver.close()
    peer.close()
"""
    ) == [
        "cannot resolve 'some.example:1': the process was forked",
        "address: the process was forked during the TLS handshake",
        "ipv4:127.0.0.1:1",
    ]


def test_timers_and_callbacks_work_in_the_child() -> None:
    assert children.run(
        """
driver = threads.client_driver()
inherited = threading.Event()
driver.environment.call_at(driver.environment.time() + 0.05, inherited.set)

def child():
    own, called = threading.Event(), threading.Event()
    driver.environment.call_at(driver.environment.time(), own.set)
    driver.environment.execute(called.set)
    return [event.wait(LIMIT) for event in (own, called, inherited)]

print(in_child(child))
"""
    ) == ["[True, True, True]"]


def test_a_fork_in_the_middle_of_traffic_harms_neither_side() -> None:
    assert children.run(
        """
server, listener, served = serve()
driver, transport, connection = connect(listener.port)
stop = threading.Event()
failures = []

def caller(me):
    number = 0
    while not stop.is_set():
        number += 1
        line = b"%d %d" % (me, number)
        if not driver.environment.wait(echo(connection, transport, line), driver.environment.time() + LIMIT):
            failures.append(line)

callers = [threading.Thread(target=caller, args=(me,)) for me in range(3)]
for thread in callers:
    thread.start()

def child():
    assert connection.await_loss()
    own, own_connection = connect_again(driver, listener.port)
    call(driver, own, own_connection, b"child")
    return own_connection.lines

said = {str(in_child(child)) for _ in range(30)}
stop.set()
for thread in callers:
    thread.join(LIMIT)
print(said, failures, connection.losses)
"""
    ) == ["""{"[b'child']"} [] []"""]


def test_a_child_of_a_child_works_too() -> None:
    assert children.run(
        """
server, listener, served = serve()
driver, transport, connection = connect(listener.port)
call(driver, transport, connection, b"before")

def child():
    own, own_connection = connect_again(driver, listener.port)
    call(driver, own, own_connection, b"child")
    def grandchild():
        its, its_connection = connect_again(driver, listener.port)
        call(driver, its, its_connection, b"grandchild")
        return its_connection.lines
    lines = in_child(grandchild)
    call(driver, own, own_connection, b"child again")
    return lines + own_connection.lines

print(in_child(child))
call(driver, transport, connection, b"after")
"""
    ) == ["[b'grandchild', b'child', b'child again']"]
