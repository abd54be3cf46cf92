"""What every layer stands on: futures, streams, pools, timers and guarded calls.

Nothing here knows of RPCs, tickets or the wire, and importing a module starts no thread. Each module is one idea:

    abandonment    the exception with which a computation gives up without fault
    activated      objects with a start and a stop, usable in a ``with`` statement
    callable_util  call somebody else's code, get an outcome, log what it raised
    environment    the clock, timer, executor and way of waiting that a part is given
    future         the interface of a computation that ends some day
    later          run a computation after a delay
    logging_pool   a thread pool that logs what its tasks raise
    relay          hand over values one at a time and in order, inline or in a pool
    serial         run effects one at a time and in order, without a thread of its own
    stream         the interface of something that takes values until there are no more
    stream_util    consumers that transform, iterate, or change the thread

Import the modules, as in ``from grpc.framework.foundation import future``; this package re-exports nothing.
"""
