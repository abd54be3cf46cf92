"""Everything that touches a socket: drivers, which run the sans-io connections of the layer above.

* `contract`: what a driver asks of a connection, and gives to it.
* `addresses`: targets, their parsing and resolution.
* `text_records`: what the DNS says of a target's service config.
* `binding`: listening sockets, for any driver.
* `tls`, `tls_contexts`: TLS on one connection, sans-io, and what it is configured with.
* `securable`, `securing`: TLS between a transport and its connection, for any driver.
* `proxies`, `tunnel`: whether a channel goes through an HTTP proxy, and how a connection does.
* `threads`: the driver of the synchronous API, one selector reactor and callers that read for themselves.
* `aio`: the driver of the asynchronous API, on the event loop that is running.
"""
