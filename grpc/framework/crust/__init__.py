"""The implementation of Face over Base.

* `implementations`: makes servicers and stubs.
* `_rendezvous`: what the two sides of an RPC have in common: how it ends, and who waits for that.
* `_incoming`, `_outgoing`: the two streams of values of one side; `_allowance`: how many may come;
  `_delivery`: values handed to customers' code instead of fetched by it.
* `_call`, `_unary`, `_stream`, `_event`: what an invocation returns, by style.
* `_invoker`: begins RPCs; the stubs over it are `interfaces.face.invoking`, and `_generic` adds the passive way.
* `_service`: an RPC as it is served; `_behaviors`: how each style of method is run; `_servicer`: finds the method.
* `_abortion`: how an operation's outcome reads as an RPC's abortion.
"""
