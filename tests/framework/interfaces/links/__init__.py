"""Tests of tickets and of the joints between links."""
