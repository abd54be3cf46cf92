"""Tests of what puts the layers together."""
