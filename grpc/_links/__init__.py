"""HTTP/2 links: tickets on one side, bytes on the other, and nothing that waits in between.

* `_connection`: one HTTP/2 connection, sans-io, what both roles share; `_transfer`: payloads on it, by the flow control
  of `_flow`; `_client`, with `_calls`, and `_server`: the roles.
* `_stream`: one RPC on a connection.
* `_request_headers`, `_requests`, `_responses`: header blocks made and read; `_messages`, `_compression`, `_metadata`,
  `_timeouts`, `_statuses`: the codecs of the gRPC protocol.
* `_upkeep`: the rules of a connection as a whole, out of `_keepalive`, `_pings`, `_age`, `_drain` and `_guards`.
* `_h2_*`: h2's connection, tuned; the only modules that know h2's inside.
* `invocation`, `service`: the links that Ends are joined with, over any driver.
* `_pool`, `_policies`, `_subchannel`, `_resolution`: the connections of a channel, beneath `invocation`; `_policy`,
  `_pick_first`, `_round_robin`: what a policy is, and those there are; `_waiting`,
  `_failure`, `_connectivity`, `_idling`, `_section`: what they and it are made of.
* `_making`: connections as they are made; `_health`, `_health_messages`: whether their servers serve; `_backoff`: when
  to try again.
* `_service_config`: what a service's owner prescribes; `_config_source`, `_service_config_choice`: which of it holds.
* `_retries`: the operations of a channel that are tried again; `_retrying`, `_throttle`: by which rules.
"""
