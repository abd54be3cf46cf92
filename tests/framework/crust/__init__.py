"""Tests of Face over Base.

`worlds`, `programs` and `invocations` are the kit: two joined sides, one program served in every style, and one way to
invoke in every style. `call_rules` and `ending_rules` say what must hold of any of them over any joined Ends; the
fixture `make_world` says over which.
"""
