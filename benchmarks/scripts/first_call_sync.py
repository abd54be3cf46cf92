"""Script: from nothing to the first call's answer on the blocking API; ours or grpcio's."""

import sys
import time

begun = time.perf_counter()

import grpc  # noqa: E402

imported = time.perf_counter()
with grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}") as channel:
    answer = channel.unary_unary("/bench.Bench/Echo")(b"first")
    answered = time.perf_counter()

import first_call  # noqa: E402

first_call.say(begun, imported, answered, answer)
