"""Tests of the values, errors and makers that come with the Face contract."""
