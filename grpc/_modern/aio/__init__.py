"""The asynchronous API: adapters over Face, on one event loop.

* `_metadata`, `_errors`: the values that users meet on both sides.
* `_base_call`, `_base_channel`, `_base_server`: the abstract classes that users name.
* `_bell`: how coroutines wait for what Face tells; `_sending`, `_requests`: how requests leave; `_asking`: credentials.
* `_call`, `_calls`: what calls return; `_multicallables`, `_channel`: what makes them.
* `_interceptors`: what users write to intercept; `_interception`, `_intercepted`: how it is run, and what it returns;
  `_conduit`: requests that are written to an intercepted call.
* `_context`, `_handling`, `_migration`: an RPC as it is served, by coroutines or plain functions; `_server`: servers.
"""
