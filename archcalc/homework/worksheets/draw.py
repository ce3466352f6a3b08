"""Chance without a generator: a hash of the seed and of what is drawn, so equal seeds give equal sheets for ever."""

from collections.abc import Iterable
from hashlib import sha256
from typing import TypeVar

Item = TypeVar("Item")


def shuffled(items: Iterable[Item], *salt: object) -> list[Item]:
    """Return items in an order that depends on the salt alone.

    >>> shuffled("abcd", 1) == shuffled("abcd", 1), sorted(shuffled("abcd", 2))
    (True, ['a', 'b', 'c', 'd'])
    """
    listed = list(items)
    order = sorted(range(len(listed)), key=lambda at: _rank(at, *salt))
    return [listed[at] for at in order]


def drawn(items: Iterable[Item], seed: int, *salt: object) -> Item:
    """Return one item; neighbouring seeds get different ones as long as there are some.

    >>> len({drawn(range(5), seed, "size") for seed in range(5)})
    5
    """
    order = shuffled(items, *salt)
    return order[seed % len(order)]


def _rank(*parts: object) -> bytes:
    return sha256("\0".join(map(str, parts)).encode()).digest()
