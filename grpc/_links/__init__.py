"""HTTP/2 links: tickets on one side, bytes on the other, and nothing that waits in between.

* `_connection`: one HTTP/2 connection, sans-io, what both roles share; `_client` and `_server`: the roles.
* `_stream`: one RPC on a connection.
* `_messages`, `_metadata`, `_timeouts`, `_statuses`: the codecs of the gRPC protocol.
* `_h2_*`: h2's connection, tuned; the only modules that know h2's inside.
* `invocation`, `service`: the links that Ends are joined with, over any driver.
* `_pool`, `_policies`, `_subchannel`, `_resolution`: the connections of a channel, beneath `invocation`; `_waiting`,
  `_failure`, `_connectivity`, `_idling`, `_service_config`, `_section`: what they and it are made of.
"""
