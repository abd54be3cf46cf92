"""The driver of the synchronous API: any thread writes, the reactor or a waiting caller reads.

* `_reactor`: one thread with a poller (`_poller`) and timers (`_timers`), what it watches, and who uses it.
* `_forking`: what becomes of all this in a forked process.
* `_transport`: a socket with a connection on it; `_sharing` says who reads it when (`_roles`), `_writing` who writes.
* `_resolving`, `_connecting`, `_listening`: how transports begin.
* `_driver`: the above as a `contract.Driver`, and the environment of the Ends.
"""

from grpc._io.threads._driver import client_driver, server_driver

__all__ = ["client_driver", "server_driver"]
