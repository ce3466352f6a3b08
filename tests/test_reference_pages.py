"""The generated pages of docs/reference say what the code says today."""

import importlib.util
from dataclasses import fields
from pathlib import Path

import pytest

from archcalc.layers.catalogue import LAYERS, MERGES
from archcalc.limits import Limits

DOCS = Path(__file__).parent.parent / "docs"
SPEC = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
generate = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(generate)


@pytest.mark.parametrize("page", generate.PAGES)
def test_page_is_fresh(page):
    path = DOCS / "reference" / page
    assert path.read_text(encoding="utf-8") == generate.PAGES[page](), "run: python docs/generate.py"


def test_every_limit_is_described():
    assert list(generate.LIMITS) == [field.name for field in fields(Limits)]


def test_every_layer_type_has_a_section():
    text = (DOCS / "reference" / "layers.md").read_text(encoding="utf-8")
    assert all(f"\n### {op}\n" in text for op in (*LAYERS, *MERGES))
