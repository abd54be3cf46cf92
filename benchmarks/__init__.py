"""Measures ours beside other gRPC implementations, in one run on one machine; ``README.md`` says how to use it.

* ``entries``: what a workload and a peer are; one file each in ``workloads/`` and ``peers/``.
* ``discovery``: finds those files.
* ``runner``: lets the peers take turns; ``timed``, ``staged``, ``growth`` and ``fresh`` measure one.
* ``pair``: starts a peer's two processes.
* ``targets``: what is to be reached; ``report``: medians, ratios and the table. Both are pure.
* ``machine``: what it ran on; ``figure``: the picture.
* ``scripts/``: what runs in the peers' processes, started by path, never imported here.
"""
