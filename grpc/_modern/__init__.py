"""The modern synchronous API: adapters over Face.

* `_interfaces`: the abstract classes and errors that users name.
* `_channel`: channels and what calls on them return; `_server`: servers; `_context`: what handlers are given.
* `_handlers`: method handlers and their makers.
"""
