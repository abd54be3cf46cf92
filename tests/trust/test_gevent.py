"""Under gevent, which makes greenlets of all threads: nobody holds up the others."""

from __future__ import annotations

import pytest

from tests.trust import programs

pytestmark = pytest.mark.slow

_PATCHED = "import gevent.monkey; gevent.monkey.patch_all()\nimport gevent\n"


def test_a_hundred_greenlets_on_one_channel() -> None:
    assert programs.run(
        """
server, port = serve(200)
client = Client(port)
def caller(number):
    text = b"%d" % number
    client.check(text)
    assert client.echo.future(text, timeout=LIMIT).result() == text
    assert len([*client.count(b"20", timeout=LIMIT)]) == 20
    said = queue.Queue()
    client.echo.future(text, timeout=LIMIT).add_done_callback(lambda call: said.put(call.result()))
    assert said.get(timeout=LIMIT) == text
    return number
callers = [gevent.spawn(caller, number) for number in range(100)]
gevent.joinall(callers)
print(sum(caller.value for caller in callers))
client.channel.close()
server.stop(None)
until(lambda: not threads_of_ours())  # idle ones end soon after the channel
print(threads_of_ours())
""",
        beginning=_PATCHED,
    ) == [str(sum(range(100))), "[]"]


def test_others_run_while_one_waits() -> None:
    assert programs.run(
        """
server, port = serve()
client = Client(port)
client.check()
turns = 0
def turn():
    global turns
    while True:
        gevent.sleep(0.005)
        turns += 1
gevent.spawn(turn)
def measure(wait):
    before = turns
    try:
        said = code_of(wait)
    except Exception as error:
        said = type(error).__name__
    print(said, turns - before >= 5)

measure(lambda: client.hold(b"x", timeout=0.1))
stream = client.tick(b"x")
assert next(stream) == b"x"
gevent.spawn_later(0.1, stream.cancel)
measure(lambda: next(stream))
held = client.hold.future(b"x", timeout=LIMIT)
measure(lambda: held.result(timeout=0.1))
gevent.spawn_later(0.1, held.cancel)
measure(lambda: held.result())
def requests():
    yield b"1"
    gevent.sleep(0.1)
    yield b"2"
measure(lambda: [*client.chat(requests(), timeout=LIMIT)])
dead = grpc.insecure_channel("127.0.0.1:1")
measure(lambda: dead.unary_unary("/t.T/Echo")(b"", timeout=0.1, wait_for_ready=True))
measure(lambda: grpc.channel_ready_future(dead).result(timeout=0.1))
measure(lambda: server.wait_for_termination(timeout=0.1))
print(server.stop(0.1).wait(LIMIT))
""",
        beginning=_PATCHED,
    ) == [
        "DEADLINE_EXCEEDED True",
        "CANCELLED True",
        "FutureTimeoutError True",
        "FutureCancelledError True",
        "OK True",
        "DEADLINE_EXCEEDED True",
        "FutureTimeoutError True",
        "OK True",
        "True",
    ]


def test_a_greenlet_that_is_killed_takes_its_call_along() -> None:
    assert programs.run(
        """
server, port = serve()
client = Client(port)
client.check()
callers = [gevent.spawn(client.hold, b"x") for _ in range(4)]
for _ in callers:
    while begun.get(timeout=LIMIT) != "Hold":
        pass
gevent.killall(callers)
with gevent.Timeout(0.1, False):
    client.hold(b"x")
names = []
while names.count("Hold") < 5:
    names.append(ended.get(timeout=LIMIT))
client.check()
client.channel.close()
server.stop(None)
until(lambda: not threads_of_ours())  # idle ones end soon after the channel
print(threads_of_ours())
""",
        beginning=_PATCHED,
    ) == ["[]"]


def test_grpc_may_be_imported_before_gevent_patches() -> None:
    assert (
        programs.run(
            """
server, port = serve(64)
client = Client(port)
callers = [gevent.spawn(client.check) for _ in range(20)]
gevent.joinall(callers, raise_error=True)
client.channel.close()
server.stop(None)
""",
            beginning="import grpc\n" + _PATCHED,
        )
        == []
    )


def test_what_grpcio_needs_to_be_called_looks_whether_the_library_is_patched() -> None:
    program = """
import grpc.experimental.gevent
grpc.experimental.gevent.init_gevent()
"""
    assert programs.run(program, beginning=_PATCHED) == []
    ended = programs.lives(program)
    assert ended.status != 0
    assert "gevent has not patched socket" in ended.errors
    assert "patch_all() first" in ended.errors
