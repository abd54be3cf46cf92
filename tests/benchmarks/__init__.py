"""Tests of the benchmark harness's pure parts; nothing is measured here."""
