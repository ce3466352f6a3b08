"""The JSON Schema for editors: valid draft-07, accepts every spec, refuses misspelt keys."""

import json

import jsonschema
import pytest
from helpers import EXAMPLES, document

from archcalc.layers.catalogue import LAYERS, MERGES
from archcalc.limits import Limits
from archcalc.spec.library import builtin_folder, spec_files
from archcalc.spec.schema import spec_schema
from archcalc.spec.writer import long_form, plain, to_json

SCHEMA = spec_schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
FILES = [*sorted(EXAMPLES.glob("*.yaml")), *spec_files(builtin_folder())]


def test_schema_is_draft_07():
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert "$defs" not in json.dumps(SCHEMA)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_spec_is_valid_in_every_form(path):
    spec = document(path.read_text(encoding="utf-8"), path.stem)
    VALIDATOR.validate(json.loads(to_json(plain(spec.tree))))
    VALIDATOR.validate(json.loads(to_json(long_form(spec, Limits()))))


def spec(**keys):
    return {"archcalc": 1, "input": "3x8x8", "layers": ["relu"], **keys}


@pytest.mark.parametrize(
    "wrong",
    [
        spec(layer="relu"),
        spec(archcalc=2),
        spec(layers=[{"op": "conv", "out": 8, "kernel": 3, "strid": 2}]),
        spec(layers=[{"op": "conv", "out": 8}]),
        spec(layers=[{"residual": "relu", "shortcuts": "none"}]),
        spec(layers=[{"for": "k in range(3)"}]),
        spec(layers=[{"concat": []}]),
        spec(expect={"params": 1.5}),
        spec(defaults={"cnov": "half"}),
        {"archcalc": 1, "input": "3x8x8"},
    ],
    ids=lambda wrong: json.dumps(wrong)[15:70],
)
def test_misspelt_keys_are_refused(wrong):
    VALIDATOR.validate(spec())
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(wrong)


def test_every_layer_type_has_a_definition_and_a_snippet():
    assert {f"layer_{op}" for op in (*LAYERS, *MERGES)} <= set(SCHEMA["definitions"])
    snippets = {snippet["label"]: snippet["body"] for snippet in SCHEMA["definitions"]["chain"]["defaultSnippets"]}
    assert snippets["conv"] == "conv ${1:out} ${2:kernel}"
    assert set(snippets) == set(LAYERS)
