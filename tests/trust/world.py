"""A server and its methods, and what else the programs have in common."""

from __future__ import annotations

import faulthandler
import os
import queue
import signal
import threading
import time
from concurrent import futures
from typing import Any, Callable, Iterable, Iterator, List, Optional, Tuple

import grpc

LIMIT = 10.0
"""Seconds that only a failing program waits."""

begun: queue.Queue[str] = queue.Queue()
"""The name of each held or endless call that has reached its handler."""
ended: queue.Queue[str] = queue.Queue()
"""The name of each held or endless call of which the handler has learned that it is over."""


def echo(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Answer with the request."""
    return request


def hold(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Answer when it is too late."""
    over = threading.Event()
    context.add_callback(over.set)
    begun.put("Hold")
    over.wait()
    ended.put("Hold")
    return request


def count(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
    """Answer with that many numbers."""
    for number in range(int(request)):
        yield b"%d" % number


def tick(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
    """Answer once, and then no more until the call is over."""
    over = threading.Event()
    context.add_callback(over.set)
    begun.put("Tick")
    try:
        yield request
        over.wait()
    finally:
        ended.put("Tick")


def join(requests: Iterable[bytes], context: grpc.ServicerContext) -> bytes:
    """Answer with all requests in one."""
    return b"".join(requests)


def chat(requests: Iterable[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    """Answer each request."""
    try:
        yield from requests
    finally:
        ended.put("Chat")


def handlers() -> grpc.GenericRpcHandler:
    """All of them."""
    return grpc.method_handlers_generic_handler(
        "t.T",
        {
            "Echo": grpc.unary_unary_rpc_method_handler(echo),
            "Hold": grpc.unary_unary_rpc_method_handler(hold),
            "Count": grpc.unary_stream_rpc_method_handler(count),
            "Tick": grpc.unary_stream_rpc_method_handler(tick),
            "Join": grpc.stream_unary_rpc_method_handler(join),
            "Chat": grpc.stream_stream_rpc_method_handler(chat),
        },
    )


def serve(
    workers: int = 16, options: Any = (), address: str = "127.0.0.1:0", credentials: Any = None
) -> Tuple[grpc.Server, int]:
    """A server that runs, and its port."""
    server = grpc.server(futures.ThreadPoolExecutor(workers), handlers=[handlers()], options=options)
    port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    server.start()
    return server, port


class Client:
    """A channel and a multi-callable for each method."""

    def __init__(self, port: int, options: Any = (), channel: Optional[grpc.Channel] = None) -> None:
        self.channel = channel or grpc.insecure_channel(f"127.0.0.1:{port}", options)
        self.echo = self.channel.unary_unary("/t.T/Echo")
        self.hold = self.channel.unary_unary("/t.T/Hold")
        self.count = self.channel.unary_stream("/t.T/Count")
        self.tick = self.channel.unary_stream("/t.T/Tick")
        self.join = self.channel.stream_unary("/t.T/Join")
        self.chat = self.channel.stream_stream("/t.T/Chat")

    def check(self, text: bytes = b"hello") -> None:
        """Make one call of each shape."""
        assert self.echo(text, timeout=LIMIT) == text
        assert [*self.count(b"3", timeout=LIMIT)] == [b"0", b"1", b"2"]
        assert self.join(iter([text, text]), timeout=LIMIT) == text + text
        assert [*self.chat(iter([text, text]), timeout=LIMIT)] == [text, text]


def until(reached: Callable[[], bool], limit: float = LIMIT) -> None:
    """Wait for something that nobody tells of."""
    end = time.monotonic() + limit
    while not reached():
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.002)


def fork(work: Callable[[], object]) -> int:
    """Do some work in a forked child, which prints the result to nobody and ends; returns its process id."""
    pid = os.fork()
    if pid == 0:
        try:
            faulthandler.register(signal.SIGALRM, chain=True)  # says where it hangs, then it is ended
            signal.alarm(int(LIMIT))
            work()
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
    return pid


def reap(pid: int) -> int:
    """Wait for a child; its exit status, or the negative number of the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def in_child(work: Callable[[], object]) -> Any:
    """Fork, do some work in the child, return what it returned."""
    reading, writing = os.pipe()

    def report() -> None:
        os.close(reading)
        os.write(writing, repr(work()).encode())

    pid = fork(report)
    os.close(writing)
    with open(reading, "rb") as pipe:
        said = pipe.read().decode()
    status = reap(pid)
    assert status == 0, (status, said)
    return eval(said)  # what our own child wrote with `repr`


def descriptors() -> int:
    """How many descriptors this process has open."""
    return len(os.listdir("/dev/fd")) - 1


def code_of(action: Callable[[], object]) -> str:
    """The name of the status with which a call fails; `OK` if it does not."""
    try:
        action()
    except grpc.RpcError as error:
        name: str = error.code().name  # type: ignore[attr-defined]  # what is raised is a Call, too
        return name
    return "OK"


def threads_of_ours() -> List[str]:
    """The names of the library's threads that are alive."""
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("grpc-"))
