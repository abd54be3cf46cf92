"""The driver of the synchronous API: any thread writes, the reactor or a waiting caller reads.

* `_reactor`: one thread with a poller, timers and a wake-up pipe.
* `_poller`: readiness of file descriptors, changeable from any thread.
* `_transport`: a socket with a connection on it, and who reads it when.
* `_connecting`, `_listening`: how transports begin.
* `_driver`: the above as a `contract.Driver`, and the environment of the Ends.
"""

from grpc._io.threads._driver import client_driver, server_driver

__all__ = ["client_driver", "server_driver"]
