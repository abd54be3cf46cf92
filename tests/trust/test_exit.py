"""The interpreter's end with everything under way: prompt, with the right status, and without a word."""

from __future__ import annotations

import signal
import sys
from typing import List

import pytest

from tests.trust import programs

pytestmark = pytest.mark.slow

# Calls of all kinds to a server elsewhere, by the main thread and by daemons.
_BUSY = """
client = Client(PORT)
client.check()
streams = [client.tick(b"x") for _ in range(4)]
assert [next(stream) for stream in streams] == [b"x"] * 4
held = client.hold.future(b"x")
held.add_done_callback(print)
never = threading.Event()
def requests():
    yield b"x"
    never.wait()
chat = client.chat(requests())
assert next(chat) == b"x"
client.channel.subscribe(lambda state: None)
unready = grpc.channel_ready_future(Client(1).channel)
def check_on():
    while True:
        client.check()
for work in (lambda: client.hold(b"x"), lambda: next(streams[0]), check_on, check_on):
    threading.Thread(target=work, daemon=True).start()
"""


def _lives(port: int, program: str, *options: str) -> programs.Ended:
    return programs.lives(f"PORT = {port}\n{program}", *options)


@pytest.mark.parametrize("options", [(), ("-X", "dev", "-W", "ignore::ResourceWarning")], ids=["plain", "dev mode"])
def test_the_end_of_the_program(port: int, options: List[str]) -> None:
    assert _lives(port, _BUSY + "print('end')", *options) == (0, ["end"], "")


def test_sys_exit(port: int) -> None:
    assert _lives(port, _BUSY + "print('end')\nsys.exit(3)") == (3, ["end"], "")


def test_an_exception_that_nobody_catches(port: int) -> None:
    status, lines, errors = _lives(port, _BUSY + "print('end')\nraise KeyError('mine')")
    assert (status, lines) == (1, ["end"])
    assert errors.splitlines()[0] == "Traceback (most recent call last):"
    assert errors.splitlines()[-1] == "KeyError: 'mine'"
    assert errors.count("\n") == (3 if sys.version_info < (3, 13) else 4)  # since then the line of the program as well


def test_sigterm(port: int) -> None:
    program = _BUSY + "print('end', flush=True)\nos.kill(os.getpid(), signal.SIGTERM)\nnever.wait()"
    assert _lives(port, program) == (-signal.SIGTERM, ["end"], "")


def test_calls_of_threads_that_are_no_daemons_go_on_after_the_main_thread_and_at_exit(port: int) -> None:
    program = """
import atexit
over = threading.Event()
def late():
    threading.main_thread().join()
    client.check()
    Client(PORT).check()
    print("late")
threading.Thread(target=late).start()
atexit.register(lambda: print(client.echo(b"at exit", timeout=LIMIT)))
print("main")
"""
    assert _lives(port, _BUSY + program) == (0, ["main", "late", "b'at exit'"], "")


def test_ctrl_c_ends_whatever_the_main_thread_waits_for(port: int) -> None:
    program = """
def interrupt():
    time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGINT)
for wait in (
    lambda: client.hold(b"x"),
    lambda: next(streams[1]),
    lambda: held.result(),
    lambda: held.code(),
    lambda: [*client.tick(b"x")],
    lambda: client.join(requests()),
    lambda: unready.result(),
):
    threading.Thread(target=interrupt).start()
    start = time.monotonic()
    try:
        wait()
    except KeyboardInterrupt:
        print(time.monotonic() - start < 5)
client.check()
"""
    assert _lives(port, _BUSY + program) == (0, ["True"] * 7, "")


def test_ctrl_c_that_nobody_catches(port: int) -> None:
    program = "threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()\nclient.hold(b'x')"
    status, lines, errors = _lives(port, _BUSY + program)
    assert (status, lines, errors.splitlines()[-1]) == (-signal.SIGINT, [], "KeyboardInterrupt")


@pytest.mark.parametrize("ending", ["", "sys.exit(0)", "del server, client; gc.collect()"])
def test_a_server_that_runs(ending: str) -> None:
    program = "server, port = serve()\nclient = Client(port)\nclient.check()\nprint('end')\n" + ending
    assert programs.lives(program) == (0, ["end"], "")


def test_ctrl_c_while_a_server_waits_for_its_end() -> None:
    program = """
server, port = serve()
Client(port).check()
threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    server.wait_for_termination()
except KeyboardInterrupt:
    print("end")
"""
    assert programs.lives(program) == (0, ["end"], "")


def test_a_handler_that_waits_for_its_own_call_to_end_holds_nobody_up_once_the_server_stops() -> None:
    program = """
server, port = serve()
client = Client(port)
call = client.hold.future(b"x")
begun.get(timeout=LIMIT)
server.stop(None)
print(call.code())
"""
    assert programs.run(program) == ["StatusCode.UNAVAILABLE"]


_AIO = """
import grpc.aio
async def begin():
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{PORT}")
    stream = channel.unary_stream("/t.T/Tick")(b"x")
    assert await stream.read() == b"x"
    held = channel.unary_unary("/t.T/Hold")(b"x")
    tasks = [asyncio.ensure_future(stream.read()), asyncio.ensure_future(held.code())]
    await asyncio.sleep(0.05)
    return channel, stream, held, tasks
"""


def test_a_loop_that_ends_before_its_channel(port: int) -> None:
    assert _lives(port, _AIO + "kept = asyncio.run(begin())\nprint('end')") == (0, ["end"], "")


def test_a_loop_that_is_closed_under_calls_which_are_dropped_later(port: int) -> None:
    program = """
async def few():
    channel, stream, held, tasks = await begin()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return channel, stream, held
loop = asyncio.new_event_loop()
kept = loop.run_until_complete(few())
loop.close()
del kept
gc.collect()
print("end")
"""
    assert _lives(port, _AIO + program) == (0, ["end"], "")


def test_sys_exit_in_a_task(port: int) -> None:
    program = "async def main():\n    kept = await begin()\n    sys.exit(4)\nasyncio.run(main())"
    assert _lives(port, _AIO + program) == (4, [], "")


def test_ctrl_c_in_an_asynchronous_call(port: int) -> None:
    program = """
async def main():
    async with grpc.aio.insecure_channel(f"127.0.0.1:{PORT}") as channel:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        await channel.unary_unary("/t.T/Hold")(b"x")
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("end")
"""
    assert _lives(port, _AIO + program) == (0, ["end"], "")


def test_an_asynchronous_server_that_runs_with_a_handler_under_way() -> None:
    program = """
import grpc.aio
async def main():
    reached = asyncio.Event()
    async def hold(request, context):
        reached.set()
        await asyncio.get_running_loop().create_future()
    handler = grpc.unary_unary_rpc_method_handler(hold)
    server = grpc.aio.server(handlers=[grpc.method_handlers_generic_handler("t.T", {"Hold": handler})])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    call = grpc.aio.insecure_channel(f"127.0.0.1:{port}").unary_unary("/t.T/Hold")(b"x")
    await reached.wait()
asyncio.run(main())
print("end")
"""
    assert programs.lives(program) == (0, ["end"], "")
