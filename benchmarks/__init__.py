"""Measures ours beside other gRPC implementations, in one run on one machine; ``README.md`` says how to use it.

* ``entries``: what a workload and a peer are; one file each in ``workloads/`` and ``peers/``.
* ``discovery``: finds those files.
* ``runner``: starts a peer's two processes and measures, peers taking turns.
* ``report``: medians, ratios and the table, all pure; ``machine``: what it ran on; ``figure``: the picture.
* ``scripts/``: what runs in the peers' processes, started by path, never imported here.
"""
