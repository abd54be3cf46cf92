"""Tests of the values and defaults that come with the Base contract."""
