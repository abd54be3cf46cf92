"""Sixty-four threads at once: every call has the outcome that is its own."""

from __future__ import annotations

import pytest

from tests.trust import programs

pytestmark = pytest.mark.slow


def test_calls_of_all_kinds_on_one_channel() -> None:
    assert programs.run(
        """
import random
server, port = serve(160)
client = Client(port)
wrong = []

def cancelled(text):
    call = client.hold.future(text, timeout=LIMIT)
    call.cancel()
    try:
        return call.result()
    except grpc.FutureCancelledError:
        return call.code()

def left(text):
    call = client.tick(text, timeout=LIMIT)
    assert next(call) == text
    call.cancel()
    return code_of(lambda: next(call))

def begun_only(text):
    call = client.count(b"1000", timeout=LIMIT)
    return [next(call) for _ in range(3)]

KINDS = [
    (lambda text: client.echo(text, timeout=LIMIT), lambda text: text),
    (lambda text: client.echo.future(text, timeout=LIMIT).result(), lambda text: text),
    (lambda text: client.echo.with_call(text, timeout=LIMIT)[0], lambda text: text),
    (lambda text: [*client.count(b"50", timeout=LIMIT)], lambda text: [b"%d" % number for number in range(50)]),
    (lambda text: client.join(iter([text] * 5), timeout=LIMIT), lambda text: text * 5),
    (lambda text: [*client.chat(iter([text] * 5), timeout=LIMIT)], lambda text: [text] * 5),
    (cancelled, lambda text: grpc.StatusCode.CANCELLED),
    (lambda text: code_of(lambda: client.hold(text, timeout=0.02)), lambda text: "DEADLINE_EXCEEDED"),
    (left, lambda text: "CANCELLED"),
    (begun_only, lambda text: [b"0", b"1", b"2"]),
]

def caller(me):
    chance = random.Random(me)
    for number in range(10):
        text = b"%d-%d " % (me, number) * chance.choice([1, 10, 1000])
        make, expected = chance.choice(KINDS)
        try:
            got = make(text)
            if got != expected(text):
                wrong.append((KINDS.index((make, expected)), got))
        except BaseException as error:
            wrong.append((KINDS.index((make, expected)), error))

callers = [threading.Thread(target=caller, args=(me,)) for me in range(64)]
for thread in callers:
    thread.start()
for thread in callers:
    thread.join()
print(wrong[:5])
client.channel.close()
server.stop(None)
until(lambda: not threads_of_ours())  # idle ones end soon after the channel
print(threads_of_ours())
"""
    ) == ["[]", "[]"]


def test_channels_that_come_and_go() -> None:
    assert programs.run(
        """
before = descriptors()
server, port = serve(64)
wrong = []
def caller(me):
    try:
        for number in range(3):
            client = Client(port)
            client.check()
            if me % 3 == 0:
                client.channel.close()
            elif me % 3 == 1:
                call = client.hold.future(b"x")
                client.channel.close()
                print(call.code()) if call.code() is not grpc.StatusCode.CANCELLED else None
    except BaseException as error:
        wrong.append(error)
callers = [threading.Thread(target=caller, args=(me,)) for me in range(64)]
for thread in callers:
    thread.start()
for thread in callers:
    thread.join()
print(wrong[:5])
server.stop(None)
until(lambda: not threads_of_ours() and descriptors() == before)
"""
    ) == ["[]"]


def test_a_channel_that_is_closed_under_its_callers() -> None:
    lines = programs.run(
        """
server, port = serve(64)
said = set()
def caller(client):
    while True:
        try:
            client.check()
        except ValueError as error:
            said.add(str(error))
            return
        except grpc.RpcError as error:
            said.add(f"{error.code().name} {error.details()}")
for _ in range(5):
    client = Client(port)
    client.check()
    callers = [threading.Thread(target=caller, args=(client,)) for _ in range(16)]
    for thread in callers:
        thread.start()
    for _ in range(3):
        client.echo(b"x", timeout=LIMIT)
    client.channel.close()
    for thread in callers:
        thread.join()
print(*sorted(said), sep="\\n")
server.stop(None)
"""
    )
    assert set(lines) <= {"CANCELLED Channel closed!", "Cannot invoke RPC on closed channel!"}
    assert "Cannot invoke RPC on closed channel!" in lines
