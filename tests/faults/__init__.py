"""Soaking the public APIs in bad weather: calls of all kinds through a proxy that delays, cuts and resets.

    soak           runs it: generations of rigs, storms and calms
    rigs           what a generation is made of: servers, channels, proxies, callers
    heart          whether the process stood still, and nobody is to blame
    script, proxy  what befalls a connection, and the proxy that makes it so
    plans          what a call is to be, by the dice
    messages       messages that tell if they were lost, doubled, misplaced or changed
    service        the handlers, for threads and for a loop
    sync_callers, aio_callers, beta_callers
                   the callers, in every style
    ledger         who saw what, and the rules
    census         threads, descriptors, objects and memory, before and after

`python -m tests.faults --seconds 60` looks for trouble; what it finds names the seed and the call.
"""
