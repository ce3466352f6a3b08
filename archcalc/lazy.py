"""A name in a table ("module:name") → the object, imported on first use.

Only catalogues use this: a table that named classes directly would import every room of the house.
"""

from importlib import import_module
from typing import Any


def resolve(home: str) -> Any:
    """Return the object that `home` ("package.module:name") names.

    >>> resolve("fractions:Fraction").__name__
    'Fraction'
    """
    module, _, name = home.partition(":")
    return getattr(import_module(module), name)
