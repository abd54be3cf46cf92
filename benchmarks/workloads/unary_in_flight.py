"""Unary calls, 100 in flight on one connection: what a busy client and server manage.

A blocking API can have 100 calls in flight in three ways (the forms of ``scripts/sync_client.py``), and everybody is
measured in the one that suits grpcio's blocking API best. Medians of 14 interleaved rounds of grpcio 1.85, lowest to
highest, in calls a second:

* ``callbacks``, each done-callback starts the next call: about 5,900 (4,700 to 8,200), the best in both series;
* ``window``, futures whose results are taken in the order of the calls: about 5,000 (3,900 to 6,400);
* ``threads``, one blocking call at a time in each of 100 threads: about 4,300 (3,800 to 5,700).

``--set form=window`` checks it again. asyncio peers run 100 tasks, whatever the form.
"""

from __future__ import annotations

from benchmarks.entries import Workload

WORKLOAD = Workload(
    name="unary_in_flight",
    title="unary, 100 bytes echoed, 100 in flight",
    driver="unary_in_flight",
    parameters={"payload_bytes": 100, "in_flight": 100, "form": "callbacks"},
)
