"""The modern API: adapters over Face. This folder is the synchronous one, and what the asynchronous `aio` shares.

What users name, as interfaces:

* `_calling`: channels and multi-callables; `_serving`: servers and handlers; `_contexts`: an RPC as a side sees it,
  and the errors; `_futures`: futures; `_interceptors`: client interceptors; `_credentials`, `_platform`: credentials.

What is behind them:

* `_channel`: channels; `_multicallables`: begin RPCs; `_requests`: what is sent; `_rpc`: what calls return,
  `_errors`: what they raise.
* `_intercepted`: the channel with an interceptor before it; `_ended`: calls that are over when one hears of them.
* `_server`: servers; `_handlers`: their handlers, run by `_methods`, with what `_context` gives them, in `_threads`.
* `_connectivity`, `_simple`, `_experimental`, `_protos`: one function or two each, beside all that.
"""
