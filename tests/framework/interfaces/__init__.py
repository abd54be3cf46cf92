"""Tests of the contracts: of what is more than words in them."""
