"""Tests of grpc.framework.foundation."""
