"""Tests of `python -m grpc migrate`."""
