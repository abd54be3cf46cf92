"""Under gevent, which replaces sockets, threads, locks and selectors by its own."""

from __future__ import annotations

import sys

import pytest

from tests.io.threads import children

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
]

_PATCHED = "import gevent.monkey; gevent.monkey.patch_all()\n"


def test_calls_work_and_no_greenlet_is_left() -> None:
    assert sys.implementation.name == "cpython"
    assert children.run(
        """
import select
assert not hasattr(select, "epoll")
server, listener, served = serve()
driver, transport, connection = connect(listener.port)
call(driver, transport, connection, b"one")

def caller(me):
    for number in range(20):
        call(driver, transport, connection, b"%d %d" % (me, number))

callers = [threading.Thread(target=caller, args=(me,)) for me in range(10)]
for thread in callers:
    thread.start()
for thread in callers:
    thread.join(LIMIT)
print(len(connection.lines))
transport.close("enough")
listener.close()
for accepted, its_connection in served:
    its_connection.await_loss()
driver.close()
server.close()
print([thread.name for thread in threading.enumerate()])
""",
        beginning=_PATCHED,
    ) == ["201", "['MainThread']"]


def test_tls_works() -> None:
    assert children.run(
        """
from tests.io import certificates
server, listener, served = serve(certificates.server())
driver, transport, connection = connect(listener.port, certificates.client())
call(driver, transport, connection, b"one")
print(connection.lines)
""",
        beginning=_PATCHED,
    ) == ["[b'one']"]
