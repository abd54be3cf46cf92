"""Tests of the beta API: the same over TCP and in process, wherever a call is made."""
