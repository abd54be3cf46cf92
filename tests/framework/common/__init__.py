"""Tests of the enums that all layers share."""
