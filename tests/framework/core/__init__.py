"""Tests of `grpc.framework.core`."""
