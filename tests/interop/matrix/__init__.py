"""Everybody's client with everybody's server, case by case; ``python -m tests.interop.matrix`` makes docs/interop.md.

``ends`` are the clients and servers, each a command in a process of its own (``children``), ``plan`` says which of
them meet, ``running`` has them meet, ``results`` is what comes of that and ``document`` what is written of it. What a
machine lacks is not run, and said so: only a line that a client printed makes a case passed.
"""
