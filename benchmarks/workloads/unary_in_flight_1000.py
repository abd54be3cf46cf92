"""Unary calls, 1,000 in flight on one connection; everything else as in ``unary_in_flight``."""

from __future__ import annotations

import dataclasses

from benchmarks.workloads import unary_in_flight

WORKLOAD = dataclasses.replace(
    unary_in_flight.WORKLOAD,
    name="unary_in_flight_1000",
    title="unary, 100 bytes echoed, 1,000 in flight",
    parameters={**unary_in_flight.WORKLOAD.parameters, "in_flight": 1000},
)
