"""Forks with channels and servers at work: the parent's calls go on, and the child makes its own."""

from __future__ import annotations

import pytest

from tests.trust import programs

pytestmark = pytest.mark.slow

# Threads that call on and on; what goes wrong is in `wrong`.
_CALLERS = """
stop = threading.Event()
wrong = []
def caller():
    while not stop.is_set():
        try:
            client.check()
        except BaseException as error:
            wrong.append(error)
callers = [threading.Thread(target=caller) for _ in range(6)]
def begin_calls():
    for thread in callers:
        thread.start()
def end_calls():
    stop.set()
    for thread in callers:
        thread.join()
"""

_BUSY = """
server, port = serve(64)
client = Client(port)
client.check()
held = client.hold.future(b"x", timeout=LIMIT)
stream = client.tick(b"x", timeout=LIMIT)
assert next(stream) == b"x"
said = []
blocked = threading.Thread(target=lambda: said.append(code_of(lambda: client.hold(b"x", timeout=0.6))))
blocked.start()
for _ in range(3):
    begun.get(timeout=LIMIT)

def still_all_right():
    client.check()
    blocked.join()
    assert said == ["DEADLINE_EXCEEDED"]
    assert held.running() and stream.is_active()
    held.cancel()
    stream.cancel()
    server.stop(None)
"""


def test_the_child_has_a_channel_of_its_own() -> None:
    assert (
        programs.run(
            _BUSY
            + """
def child():
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        Client(port, channel=channel).check()
for _ in range(3):
    in_child(child)
still_all_right()
"""
        )
        == []
    )


def test_the_child_uses_the_channel_of_the_parent_whose_calls_are_cancelled_there() -> None:
    assert programs.run(
        _BUSY
        + """
def child():
    try:
        held.result(timeout=LIMIT)
    except grpc.RpcError:  # nobody here has cancelled it
        pass
    codes = [code_of(lambda: next(stream)), held.code().name, held.details()]
    client.check()
    client.channel.close()
    return codes
print(*in_child(child), sep="\\n")
still_all_right()
"""
    ) == ["CANCELLED", "CANCELLED", "the process was forked, and the RPC stays with the parent process"]


def test_a_call_that_waits_for_a_connection_is_made_once() -> None:
    assert programs.run(
        """
import socket
with socket.create_server(("127.0.0.1", 0)) as taken:
    port = taken.getsockname()[1]
client = Client(port, [("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 100)])
waiting = client.echo.future(b"x", timeout=LIMIT, wait_for_ready=True)
until(lambda: client.channel._side.state() is grpc.ChannelConnectivity.TRANSIENT_FAILURE)
ending, end = os.pipe()
def child():
    os.close(end)
    os.read(ending, 1)
    # A child that had the call, too, would make it before this one, as soon as there is a connection.
    client.echo(b"the child's", timeout=LIMIT, wait_for_ready=True)
pid = fork(child)
calls = []
def note(request, context):
    calls.append(request)
    return request
handlers = {"Echo": grpc.unary_unary_rpc_method_handler(note)}
server = grpc.server(futures.ThreadPoolExecutor(4), [grpc.method_handlers_generic_handler("t.T", handlers)])
server.add_insecure_port(f"127.0.0.1:{port}")
server.start()
print(waiting.result())
client.echo(b"another", timeout=LIMIT)
os.close(end)
print(reap(pid), calls)
server.stop(None)
"""
    ) == ["b'x'", """0 [b'x', b'another', b"the child's"]"""]


def test_forks_in_the_middle_of_the_work_of_many_threads() -> None:
    assert programs.run(
        _CALLERS
        + """
server, port = serve(64)
client = Client(port)
client.check()
sys.setswitchinterval(1e-5)  # so that forks come upon threads in the middle of everything
begin_calls()
def child():
    client.check()
    client.channel.close()
    Client(port).check()
for _ in range(12):
    in_child(child)
end_calls()
print(wrong)
server.stop(None)
"""
    ) == ["[]"]


def test_the_child_ends_as_any_process_does() -> None:
    assert programs.run(
        _BUSY
        + """
for uses in (False, True):
    pid = os.fork()
    if pid == 0:
        if uses:
            client.check()
        sys.exit(7)
    print(reap(pid))
still_all_right()
"""
    ) == ["7", "7"]


def test_a_child_of_a_child() -> None:
    assert (
        programs.run(
            """
server, port = serve()
client = Client(port)
client.check()
def child():
    client.check()
    in_child(client.check)
    client.check()
in_child(child)
client.check()
server.stop(None)
"""
        )
        == []
    )


def test_the_pools_of_multiprocessing() -> None:
    assert programs.run(
        """
import multiprocessing
server, port = serve()
client = Client(port)
client.check()
stream = client.tick(b"x", timeout=LIMIT)
assert next(stream) == b"x"
own = None
def work(number):
    global own
    own = own or Client(port)
    text = b"%d" % number
    return own.echo(text, timeout=LIMIT) == client.echo(text, timeout=LIMIT) == text
context = multiprocessing.get_context("fork")
with context.Pool(2) as pool:
    print(pool.map(work, range(20)) == [True] * 20)
with futures.ProcessPoolExecutor(2, context) as pool:
    print([*pool.map(work, range(20))] == [True] * 20)
client.check()
stream.cancel()
server.stop(None)
"""
    ) == ["True", "True"]


def test_workers_that_serve_one_port() -> None:
    assert programs.run(
        """
REUSE = [("grpc.so_reuseport", 1)]
server, port = serve(options=REUSE)
client = Client(port)
client.check()
ready, say = os.pipe()
def worker():
    mine, _ = serve(options=REUSE, address=f"127.0.0.1:{port}")
    server.stop(None)  # the parent's, of which there is nothing here
    signal.signal(signal.SIGTERM, lambda *_: mine.stop(0.1))
    os.write(say, b".")
    mine.wait_for_termination()
workers = [fork(worker) for _ in range(3)]
for _ in workers:
    os.read(ready, 1)
client.check()
for _ in range(8):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        Client(port, channel=channel).check()
server.stop(None)
assert code_of(lambda: client.echo(b"x", timeout=LIMIT, wait_for_ready=True)) == "OK"  # by a worker
for pid in workers:
    os.kill(pid, signal.SIGTERM)
print([reap(pid) for pid in workers])
"""
    ) == ["[0, 0, 0]"]


def test_workers_that_are_forked_before_anything_is_served() -> None:
    assert programs.run(
        """
import socket
with socket.socket() as holder:
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.bind(("127.0.0.1", 0))
    port = holder.getsockname()[1]
    ready, say = os.pipe()
    def worker():
        mine, _ = serve(options=[("grpc.so_reuseport", 1)], address=f"127.0.0.1:{port}")
        signal.signal(signal.SIGTERM, lambda *_: mine.stop(0.1))
        os.write(say, b".")
        mine.wait_for_termination()
    workers = [fork(worker) for _ in range(3)]
for _ in workers:
    os.read(ready, 1)
for _ in range(8):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        Client(port, channel=channel).check()
for pid in workers:
    os.kill(pid, signal.SIGTERM)
print([reap(pid) for pid in workers])
"""
    ) == ["[0, 0, 0]"]


def test_a_handler_that_forks() -> None:
    assert programs.run(
        """
def forking(request, context):
    def child():
        assert client.echo(b"x", timeout=LIMIT) == b"x"
        Client(port).check()
        server.stop(None)  # of which there is nothing here, not even this call
    return b"%d" % reap(fork(child))
handlers = {"Fork": grpc.unary_unary_rpc_method_handler(forking)}
server, port = serve(16)
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("f.F", handlers)])
client = Client(port)
method = client.channel.unary_unary("/f.F/Fork")
calls = [method.future(b"", timeout=LIMIT) for _ in range(4)]
print([call.result() for call in calls])
client.check()
server.stop(None)
"""
    ) == ["[b'0', b'0', b'0', b'0']"]


def test_a_signal_handler_that_forks_in_the_middle_of_a_call() -> None:
    assert programs.run(
        """
server, port = serve()
client = Client(port)
client.check()
children = []
signal.signal(signal.SIGUSR1, lambda *_: children.append(os.fork()))
threading.Thread(target=lambda: begun.get() and os.kill(os.getpid(), signal.SIGUSR1)).start()
code = code_of(lambda: client.hold(b"x", timeout=1))
if children == [0]:
    client.check()
    os._exit(code == "CANCELLED")
print(code, reap(*children))
client.check()
server.stop(None)
"""
    ) == ["DEADLINE_EXCEEDED 1"]


def test_channels_in_memory_and_of_the_beta_api() -> None:
    assert programs.run(
        """
from grpc.beta import implementations
server, port = serve()
client = Client(0, channel=grpc.inprocess_channel(server))
stub = implementations.generic_stub(implementations.insecure_channel("127.0.0.1", port))
held = client.hold.future(b"x", timeout=LIMIT)
beta = stub.future_unary_unary("t.T", "Hold", b"x", LIMIT)
assert stub.blocking_stream_unary("t.T", "Join", iter([b"a", b"b"]), LIMIT) == b"ab"
begun.get(), begun.get()
def child():
    codes = held.code().name, beta.code().name
    assert stub.blocking_stream_unary("t.T", "Join", iter([b"a", b"b"]), LIMIT) == b"ab"
    client.channel.close()
    own, _ = serve()
    Client(0, channel=grpc.inprocess_channel(own)).check()
    own.stop(None)
    return codes
print(in_child(child))
client.check()
print(held.running(), beta.running())
held.cancel(), beta.cancel()
server.stop(None)
"""
    ) == ["('CANCELLED', 'CANCELLED')", "True True"]


def test_the_functions_without_a_channel_while_another_thread_looks_for_its_own() -> None:
    assert programs.run(
        """
from grpc._modern import _simple
server, port = serve(64)
def call():
    return grpc.experimental.unary_unary(b"x", f"127.0.0.1:{port}", "/t.T/Echo", insecure=True, timeout=LIMIT)
assert call() == b"x"
held, release = threading.Event(), threading.Event()
def look():
    with _simple._CACHE._lock:
        held.set()
        release.wait()
looking = threading.Thread(target=look)
looking.start()
held.wait()
print(in_child(call))
release.set()
looking.join()
print(call())
grpc.experimental.close_channels()
server.stop(None)
"""
    ) == ["b'x'", "b'x'"]


def test_subprocesses_beside_calls() -> None:
    assert programs.run(
        _CALLERS
        + """
server, port = serve()
client = Client(port)
client.check()
begin_calls()
for number in range(20):
    before_exec = (lambda: None) if number % 2 else None  # with one, Python itself forks
    said = subprocess.run(["/bin/echo", "x"], capture_output=True, preexec_fn=before_exec).stdout
    assert said == b"x\\n", said
listing = subprocess.run(["ls", "/dev/fd"], capture_output=True, close_fds=False).stdout.split()
end_calls()
print(wrong, len(listing))  # its own three, and that of the folder
server.stop(None)
"""
    ) == ["[] 4"]
