"""The beta API, as of gRPC 1.0, over Face: beta-era programs run unchanged.

* `implementations`: channels, credentials, stubs, servers, and their options.
* `interfaces`: what those are made of and take: enums, call options, contexts, `Server`.
* `utilities`: a future of a channel's readiness.

Inside: `_channel`, `_credentials`, `_threads`; `_stubs` over `_invocations`, whose calls are `_calls`, with `_requests`
going out and `_receivers` taking responses; `_server` over `_methods` (inline) and `_events`, whose `_context` is what
methods are given; `_coding` for messages and metadata on both sides, `_abortions` for what each end of an RPC is called.
"""
