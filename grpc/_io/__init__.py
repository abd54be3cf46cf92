"""Everything that touches a socket: drivers, which run the sans-io connections of the layer above.

* `contract`: what a driver asks of a connection, and gives to it.
* `addresses`: targets, their parsing and resolution.
* `threads`: the driver of the synchronous API, one selector reactor and callers that read for themselves.
"""
