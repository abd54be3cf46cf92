"""Stubs and multi-callables over anything that begins RPCs: many names for what an `Invoker` does.

Whoever has an `Invoker` has all of Face's stubs: the framework's own is over Base, the beta API's over that one, with
serializing and credentials in between.

* `_invoker`: what begins an RPC in each style.
* `_callables`: one method of one shape; `_generic`: any method by its names; `_dynamic`: one group's as attributes.
"""

from __future__ import annotations

from grpc.framework.interfaces.face.invoking._callables import (
    OF_CARDINALITY,
    StreamStreamMultiCallable,
    StreamUnaryMultiCallable,
    UnaryStreamMultiCallable,
    UnaryUnaryMultiCallable,
)
from grpc.framework.interfaces.face.invoking._dynamic import DynamicStub
from grpc.framework.interfaces.face.invoking._generic import GenericStub
from grpc.framework.interfaces.face.invoking._invoker import AbortionCallback, Invoker

__all__ = [
    "OF_CARDINALITY",
    "AbortionCallback",
    "DynamicStub",
    "GenericStub",
    "Invoker",
    "StreamStreamMultiCallable",
    "StreamUnaryMultiCallable",
    "UnaryStreamMultiCallable",
    "UnaryUnaryMultiCallable",
]
