"""The one place that knows all the layers, and puts sides together out of them.

* `client`: an invocation End over HTTP/2, or joined to a server's in memory.
* `server`: a service End over HTTP/2, with Face above it.
"""
