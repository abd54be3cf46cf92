"""Tests of the threads driver."""
