"""The implementation of Face over Base.

* `implementations`: makes servicers and stubs.
* `_stubs`: the stubs; `_call`, `_unary`: what an invocation returns.
* `_service`: a call as it is served; `_behaviors`: how each style of method is run.
* `_abortion`: how an operation's outcome reads as an RPC's abortion.
"""
