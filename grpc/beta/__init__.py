"""The beta API, as of gRPC 1.0, over Face: beta-era programs run unchanged.

* `implementations`: channels, credentials, stubs, servers, and their options.
* `interfaces`: what those are made of and take: enums, call options, contexts, `Server`.
* `utilities`: a future of a channel's readiness.

Inside:

* `_channel`, `_credentials`: what stubs stand on.
* `_stubs`: names for what `_invocations` does, which begins RPCs and returns `_calls`; `_requests`
  go out, `_receivers` take responses.
* `_server`: its methods are `_methods` in inline style, `_events` in event style; `_context` is what they are given.
* `_coding`, `_abortions`: messages and metadata in their two forms; what the end of an RPC is called.
"""
