"""Measures single layers, in one process; each module is run by itself."""
