"""docs/reference/table.schema.json describes what `archcalc table --format json` writes, and nothing else."""

import copy
import json
from pathlib import Path
from textwrap import dedent

import jsonschema
import pytest
from helpers import report

from archcalc import api

SCHEMA = json.loads((Path(__file__).parent.parent / "docs/reference/table.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)

SPECS = {
    "heads in training": """
        layers:
          - stem: conv 8 3x3 half -> bn frozen -> relu
          - fc: fc 10 -> dropout 0.3
        aux: {early: from stem -> gap -> fc 10}
        """,
    "shared weights": """
        input: {left: 1x28x28, right: 1x28x28}
        shared: {tower: conv 8 5x5 -> bn -> relu -> gap}
        layers:
          - a: from left -> tower
          - b: from right -> tower
          - distance: absdiff a
        outputs: [a, distance]
        """,
    "regions": """
        input: 16x32x32
        layers:
          - p3: conv 16 3x3 half
          - p4: maxpool 2
          - boxes: roialign 7x7 rois=100 levels=[p3,p4] scale=0.25 -> fc 32
          - mean: once -> fc 2
        """,
    "references to layers": """
        layers:
          - pool: maxpool 2x2
          - up: unpool 2 indices=pool
          - small: maxpool 2 -> upsample like=up mode=bilinear -> crop like=pool
          - again: conv 3 1x1 -> conv 3 1x1 tie=conv
        """,
    "blocks, notes, devices": """
        blocks:
          outer(c): inner c -> inner c
          inner(c): conv c 1x1 -> leaky 0.1
        layers:
          - a: outer 4
            note: two in one
            source: by hand
            device: gpu0
        """,
    "lists and words as settings": """
        input: 6x14x14
        layers: conv 16 5x5 table=[3]*6+[4]*9+[6] pad=(1,2,1,2) -> spp 3 2 1 -> reshape 14 16 -> lstm 8 bi ret=last
        """,
    "sequences and attention": """
        input: {words: 12}
        layers: embed 100 16 -> mha 4 -> ln over=all -> transpose -> mean 0
        """,
}
FREE = {
    "free sizes of a map": (
        "layers: conv 8 3x3 /2 -> maxpool 2 -> bn -> reshape -1 -> fc 2",
        {"symbols": ("H", "W")},
    ),
    "free sizes that a condition divides": (
        """
        params: {H: 32, W: 32}
        input: [3, H, W]
        require: [H % 4 == 0, W % 4 == 0]
        layers:
          - a: conv 8 3x3 half
          - maxpool 4 -> upsample 4 -> add a
        """,
        {"symbols": ("H", "W")},
    ),
    "a free length": (
        """
        input: [T, 8]
        layers: gru 16 -> fc 4
        """,
        {},
    ),
    "free channels and runs": (
        """
        params: {w: 8, r: 10}
        layers: conv w 3x3 half -> roipool 2 rois=r -> fc 2*w
        """,
        {"symbols": ("w", "r")},
    ),
}
TARGETS = ("alexnet", "googlenet", "lenet", "resnet/18", "vgg/16")


def documents():
    """Every report of this file as a document, by name; read back from text as a user would."""
    made = {name: report(dedent(spec).strip()) for name, spec in SPECS.items()}
    made |= {name: report(dedent(spec).strip(), **wishes) for name, (spec, wishes) in FREE.items()}
    made |= {target: api.analyze(target, batch=2) for target in TARGETS}
    made["resnet/18 --sym H,W"] = api.analyze("resnet/18", symbols=("H", "W"))
    return {name: json.loads(held.table(format="json")) for name, held in made.items()}


DOCUMENTS = documents()


def test_schema_is_draft_07():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"


def objects(schema):
    """Every schema of an object in a schema."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for inner in schema.values():
            yield from objects(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from objects(inner)


def test_schema_is_strict_and_says_what_every_key_is():
    for held in objects(SCHEMA):
        assert "additionalProperties" in held
        for key, value in held.get("properties", {}).items():
            told = SCHEMA["definitions"][value["$ref"].rpartition("/")[2]] if "$ref" in value else value
            assert told["description"], key
            # what stands beside a reference is ignored in draft-07
            assert "$ref" not in value or len(value) == 1, key


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_are_valid(name):
    VALIDATOR.validate(DOCUMENTS[name])


def test_every_key_occurs():
    rows = [row for document in DOCUMENTS.values() for row in document["rows"]]
    assert {key for row in rows for key in row} == set(SCHEMA["definitions"]["row"]["properties"])
    for document in DOCUMENTS.values():
        # `counts` is there with --convention or --count only; tests/test_conventions.py asks for it
        assert list(document) == [key for key in SCHEMA["properties"] if key != "counts"]
        assert list(document["totals"]) == list(SCHEMA["definitions"]["totals"]["properties"])


def test_free_sizes_are_texts():
    document = DOCUMENTS["resnet/18 --sym H,W"]
    VALIDATOR.validate(document)
    assert document["input"] == {"x": [3, "H", "W"]}
    assert isinstance(document["totals"]["macs"], str)
    assert isinstance(document["totals"]["params"], int)


def parts(document):
    """The objects of a document whose keys the schema lists."""
    row = document["rows"][0]
    return {"document": document, "totals": document["totals"], "row": row, "ops": row["ops"]}


PLACES = [(part, key) for part, held in parts(DOCUMENTS["alexnet"]).items() for key in held]
OPTIONAL = {"note", "source", "device", "place", "call", "shares", "flattens"}


@pytest.mark.parametrize(("part", "key"), PLACES)
def test_a_changed_document_is_refused(part, key):
    for change in ("missing", "null", "more"):
        changed = copy.deepcopy(DOCUMENTS["alexnet"])
        held = parts(changed)[part]
        if change == "missing":
            if part == "row" and key in OPTIONAL:
                continue
            del held[key]
        elif change == "null":
            held[key] = None
        else:
            held[f"{key}_2"] = held[key]
        assert not VALIDATOR.is_valid(changed), change


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("document", "schema", 2),
        ("document", "batch", 0),
        ("document", "input", {}),
        ("document", "input", {"x": []}),
        ("document", "input", {"x": [3, 0, 227]}),
        ("document", "outputs", {"out": [1000.5]}),
        ("document", "rows", {}),
        ("totals", "params", -1),
        ("totals", "params", 60965224.5),
        ("totals", "params", "60,965,224"),
        ("totals", "nodes", "n"),
        ("row", "path", "conv1/conv"),
        ("row", "family", "convolution"),
        ("row", "settings", {"like": ["m2", [256, 50, 50]]}),
        ("row", "settings", {"ceil": None}),
        ("row", "input", [3, 227, 227]),
        ("row", "inputs", []),
        ("row", "mode", "eval"),
        ("row", "runs", 0),
        ("row", "place", "alexnet.yaml"),
        ("ops", "mac", "105415200"),
    ],
)
def test_a_wrong_value_is_refused(part, key, value):
    changed = copy.deepcopy(DOCUMENTS["alexnet"])
    parts(changed)[part][key] = value
    assert not VALIDATOR.is_valid(changed)
