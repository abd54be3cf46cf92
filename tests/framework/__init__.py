"""Tests of the layers that know nothing of sockets."""
