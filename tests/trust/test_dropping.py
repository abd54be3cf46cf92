"""What nobody refers to any more ends by itself: calls are cancelled, channels and servers close."""

from __future__ import annotations

import pytest

from tests.trust import programs

pytestmark = pytest.mark.slow


def test_a_call_that_is_dropped_is_cancelled() -> None:
    assert programs.run(
        """
server, port = serve()
client = Client(port)
for response in client.tick(b"x"):
    break
print(ended.get(timeout=LIMIT))
call = client.hold.future(b"x")
assert [begun.get(timeout=LIMIT), begun.get(timeout=LIMIT)] == ["Tick", "Hold"]
del call
print(ended.get(timeout=LIMIT))
stop = threading.Event()
def requests():
    yield b"x"
    stop.wait()
call = client.chat(requests())
assert next(call) == b"x"
del call
print(ended.get(timeout=LIMIT))
stop.set()
server.stop(None)
"""
    ) == ["Tick", "Hold", "Chat"]


def test_a_call_that_is_part_of_garbage_is_cancelled_wherever_the_collector_runs() -> None:
    assert programs.run(
        """
server, port = serve(64)
client = Client(port)
gc.set_threshold(50, 2, 2)  # inside of our locks, too
class Knot: pass
for number in range(200):
    knot = Knot()
    knot.self, knot.call = knot, client.tick(b"x", timeout=LIMIT)
    assert next(knot.call) == b"x"
    del knot
    assert client.echo(b"x", timeout=LIMIT) == b"x"
gc.collect()
print({ended.get(timeout=LIMIT) for _ in range(200)})
client.channel.close()
server.stop(None)
"""
    ) == ["{'Tick'}"]


def test_a_done_callback_keeps_its_call() -> None:
    assert programs.run(
        """
server, port = serve()
client = Client(port)
said = queue.Queue()
client.hold.future(b"x", timeout=0.2).add_done_callback(lambda call: said.put(call.code()))
gc.collect()
print(said.get(timeout=LIMIT))
server.stop(None)
"""
    ) == ["StatusCode.DEADLINE_EXCEEDED"]


def test_a_channel_that_is_dropped_closes_its_connection() -> None:
    assert (
        programs.run(
            """
server, port = serve()
before = descriptors()
client = Client(port)
client.check()
del client
until(lambda: descriptors() == before and "grpc-client-reactor" not in threads_of_ours())
server.stop(None)
until(lambda: not threads_of_ours())
"""
        )
        == []
    )


def test_a_call_goes_on_when_its_channel_is_dropped() -> None:
    assert programs.run(
        """
server, port = serve()
before = descriptors()
client = Client(port)
call = client.count(b"1000")
assert next(call) == b"0"
del client
gc.collect()
print(sum(1 for _ in call))
until(lambda: descriptors() == before)
server.stop(None)
"""
    ) == ["999"]


def test_a_server_that_is_dropped_refuses_calls_and_finishes_those_it_serves() -> None:
    assert programs.run(
        """
server, port = serve()
client = Client(port)
go_on = threading.Event()
def requests():
    yield b"1"
    go_on.wait()
    yield b"2"
chat = client.chat(requests())
assert next(chat) == b"1"
del server
gc.collect()
until(lambda: code_of(lambda: Client(port).echo(b"x")) == "UNAVAILABLE")
go_on.set()
print(next(chat), chat.code())
until(lambda: not [name for name in threads_of_ours() if "server" in name])
"""
    ) == ["b'2' StatusCode.OK"]


def test_a_channel_in_memory_keeps_its_server() -> None:
    assert (
        programs.run(
            """
client = Client(0, channel=grpc.inprocess_channel(serve()[0]))
gc.collect()
client.check()
del client
until(lambda: not [name for name in threads_of_ours() if "server" in name])
"""
        )
        == []
    )


def test_a_channel_and_a_server_on_a_loop_that_are_dropped_end_too() -> None:
    assert programs.run(
        """
import grpc.aio
async def tick(request, context):
    yield request
    await asyncio.get_running_loop().create_future()
async def main():
    before = descriptors()
    handler = grpc.unary_stream_rpc_method_handler(tick)
    server = grpc.aio.server(handlers=[grpc.method_handlers_generic_handler("t.T", {"Tick": handler})])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
    call = channel.unary_stream("/t.T/Tick")(b"x")
    print(await call.read())
    del call, channel
    while descriptors() > before + 1:
        await asyncio.sleep(0.01)
    del server
    while descriptors() > before:
        await asyncio.sleep(0.01)
    print(len(asyncio.all_tasks()))
asyncio.run(main())
"""
    ) == ["b'x'", "1"]
