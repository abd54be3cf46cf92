"""Values that the wire carries and both public APIs speak: one home each, re-exported above.

* `status`: the seventeen status codes.
* `compression`: the compression algorithms.
* `connectivity`: the states of a channel's connection.
"""
