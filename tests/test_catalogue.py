"""Nothing in the catalogue is missing a class, a description, a doctest or cases."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from test_cases import FOLDER, cases

from archcalc.layers import layer_class
from archcalc.layers.base import Family, Layer, Merge, Operation
from archcalc.layers.catalogue import ALIASES, LAYERS, MERGES
from archcalc.layers.settings import PADDING_WORDS

OPS = [*LAYERS, *MERGES]
OTHER_FILES = {"errors", "conventions"}  # cases with a harness of their own
SLIDING = [op for op in LAYERS if {"kernel", "pad"} <= set(layer_class(op).model_fields)]


def subclasses(cls: type) -> Iterator[type]:
    """All subclasses that the package defines; tests may define more."""
    for sub in cls.__subclasses__():
        if sub.__module__.startswith("archcalc."):
            yield sub
            yield from subclasses(sub)


def fields(cls: Any) -> list[str]:
    """The settings of a class, without the two that every weighted layer has."""
    return [name for name in cls.model_fields if name not in ("frozen", "tie")]


@pytest.mark.parametrize("op", OPS)
def test_class(op: str) -> None:
    cls = layer_class(op)
    assert cls.op == op
    assert issubclass(cls, Layer if op in LAYERS else Merge)
    assert cls.family in get_args(Family)
    assert (cls.family == "merge") == (op in MERGES)


@pytest.mark.parametrize("op", OPS)
def test_docstring_has_a_doctest(op: str) -> None:
    assert ">>> " in (layer_class(op).__dict__.get("__doc__") or "")


@pytest.mark.parametrize("op", OPS)
def test_positional_settings_come_first(op: str) -> None:
    cls = layer_class(op)
    assert tuple(fields(cls)[: len(cls.positional)]) == cls.positional


@pytest.mark.parametrize("op", OPS)
def test_named_settings_exist(op: str) -> None:
    cls = layer_class(op)
    assert set(cls.data_inputs) <= set(cls.references) <= set(cls.model_fields)
    assert {name for names in cls.shorthand.values() for name in names} <= set(cls.model_fields)
    assert not set(cls.shorthand) & set(cls.model_fields)


def test_names_are_unique() -> None:
    words = [*LAYERS, *MERGES, *ALIASES]
    homes = [*LAYERS.values(), *MERGES.values()]
    assert len(set(words)) == len(words)
    assert len(set(homes)) == len(homes)


def test_aliases() -> None:
    assert {alias: op for op in OPS for alias in layer_class(op).aliases} == dict(ALIASES)


def test_classes_are_abstract_or_final() -> None:
    final = {layer_class(op) for op in OPS}
    for cls in subclasses(Operation):
        if cls in final:
            assert not list(subclasses(cls)), f"{cls.__name__} has subclasses"
        else:
            assert "op" not in cls.__dict__, f"{cls.__name__} has a word but is not in the catalogue"


def test_every_case_file_belongs_to_an_op() -> None:
    assert {path.stem for path in FOLDER.iterdir()} <= {*OPS, *OTHER_FILES}


@pytest.mark.parametrize("op", OPS)
def test_cases(op: str) -> None:
    held = cases(op)
    names = [case["name"] for case in held]
    assert len(held) >= 3
    assert len(set(names)) == len(names)
    assert any("error" in case for case in held)


@pytest.mark.parametrize("op", OPS)
def test_cases_use_every_setting(op: str) -> None:
    used = {name for case in cases(op) for name in case.get("settings", {})}
    assert not set(fields(layer_class(op))) - used


@pytest.mark.parametrize("op", SLIDING)
def test_cases_use_every_padding(op: str) -> None:
    used = [case["settings"].get("pad") for case in cases(op)]
    assert not set(PADDING_WORDS) - {pad for pad in used if isinstance(pad, str)}
    assert any(isinstance(pad, int) for pad in used)
    assert {len(pad) for pad in used if isinstance(pad, list)} >= {2, 4}
