"""Fakes and kits that tests of several layers share.

* `environment`: an environment whose clock is moved by hand.
"""
