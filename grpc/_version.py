"""The version of the distribution, stated once.

`setup.cfg` reads it from the text of this file, without importing the package.
"""

__version__ = "0.1.0"
