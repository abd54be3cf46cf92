"""The end of the interpreter, with everything still going on: nothing is said, and nothing hangs."""

from __future__ import annotations

import pytest

from tests.io.threads import children

pytestmark = pytest.mark.slow

_BUSY = """
server, listener, served = serve()
driver, transport, connection = connect(listener.port)
def wait():
    with transport.lock:
        waiter = connection.expect(b"never")
    driver.environment.wait(waiter)
def call_on():
    while True:
        call(driver, transport, connection, b"%d" % threading.get_ident())
for work in (wait, wait, wait, call_on, call_on):
    threading.Thread(target=work, daemon=True).start()
blocked = threading.Event()
driver.environment.execute(blocked.wait)
driver.environment.call_at(driver.environment.time() + 1000, print)
until(lambda: len(connection.lines) > 10)
"""


@pytest.mark.parametrize("options", [(), ("-X", "dev")], ids=["plain", "dev mode"])
def test_with_calls_active(options: tuple[str, ...]) -> None:
    quiet = ("-W", "ignore::ResourceWarning") if options else ()  # what is open at the end is what this is about
    assert children.run(_BUSY + "print('end')", *options, *quiet) == ["end"]


def test_by_sys_exit_from_inside_a_function_with_open_connections() -> None:
    assert children.run(_BUSY + "print('end', flush=True)\nsys.exit(0)") == ["end"]


def test_with_an_attempt_and_a_look_up_under_way() -> None:
    assert children.run(
        """
addresses.literal, literal = lambda target: [], addresses.literal
addresses.resolve = lambda target: threading.Event().wait()
driver = threads.client_driver()
driver.resolve("some.example:1", print, print)
with socket.create_server(("127.0.0.1", 0)) as silent:
    from tests.io import certificates
    (address,) = literal("{}:{}".format(*silent.getsockname()))
    driver.connect(address, print, print, certificates.client())
    peer, _ = silent.accept()
    assert peer.recv(1)
    print("end")
    peer.detach()
"""
    ) == ["end"]
