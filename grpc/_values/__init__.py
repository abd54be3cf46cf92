"""Values that the wire carries and both public APIs speak: one home each, re-exported above.

* `status`: the seventeen status codes.
* `compression`: the compression algorithms.
* `connectivity`: the states of a channel's connection.
* `argument_table`, `channel_arguments`: the channel arguments, and the settings that they come to.
* `limits`, `connecting`, `connection_options`: what those settings consist of.
"""
