"""The JSON Schema (draft-07) of specs, made from the catalogue of layer types, for editors.

The schema is an aid: it completes and warns; the reader is the judge. It cannot say "one name per item".
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from archcalc.layers import layer_class
from archcalc.layers.catalogue import ALIASES, LAYERS, MERGES
from archcalc.spec.document import NET_KEYS, TOP_KEYS, TOTALS, VERSION
from archcalc.spec.flow import META, RESERVED

Schema = dict[str, Any]

_NAME: Final = r"^[A-Za-z0-9_]+$"
_ITEM: Final = rf"^(?!(?:{'|'.join((*RESERVED, *MERGES))})$)(?:[A-Za-z0-9_]|\{{[^{{}}]*\}})+$"
_SIGNATURE: Final = r"^\s*[A-Za-z_][A-Za-z0-9_]*\s*(\(.*\))?\s*$"


def spec_schema() -> Schema:
    """Return the schema."""
    definitions: dict[str, Schema] = {
        "expression": {
            "description": "A number, a size like 11x11, a word, or an expression over parameters.",
            "anyOf": [
                {"type": ["number", "string", "boolean", "null"]},
                {"type": "array"},
                {"type": "object"},
            ],
        },
        "text": {"type": ["string", "number"]},
        "size": {
            "description": "A shape without the batch axis: 3x224x224 or [3, H, W].",
            "anyOf": [
                {"type": ["string", "integer"]},
                {"type": "array", "items": _ref("expression"), "minItems": 1},
            ],
        },
        "figure": {
            "description": 'An expected number: exact (25557032), or rounded as printed ("25.6M").',
            "type": ["integer", "string"],
            "pattern": r"^\d[\d_]*$|^\d+(\.\d+)?\s*[KMGBT]$",
        },
        "expectation": {
            "description": "What this item should have: its last shape, or shape, params and macs.",
            "anyOf": [
                _ref("size"),
                _object({"shape": _ref("size"), "params": _ref("figure"), "macs": _ref("figure")}),
            ],
        },
        "totals": _object(
            {
                **{name: _ref("figure") for name in TOTALS},
                "outputs": {"anyOf": [_ref("size"), {"type": "object", "additionalProperties": _ref("size")}]},
                "source": _ref("text"),
                "note": _ref("text"),
            }
        ),
        "expected": {"anyOf": [_ref("totals"), {"type": "object", "additionalProperties": _ref("totals")}]},
        "chain": {
            "description": "Steps joined by '->': conv 96 11x11 /4 -> relu",
            "type": "string",
            "pattern": r"^\s*[$(A-Za-z_]",
            "defaultSnippets": [_snippet(op) for op in LAYERS],
        },
        "flow": {
            "description": "What a value runs through.",
            "anyOf": [
                _ref("chain"),
                {"type": "array", "items": _ref("flow")},
                *(_ref(name) for name in (*(f"merge_{op}" for op in MERGES), "residual", "for", "if", "seq", "named")),
                *(_ref(f"layer_{op}") for op in (*LAYERS, *MERGES)),
                _ref("call"),
            ],
        },
        **_structures(),
        **{f"layer_{op}": _layer(op) for op in LAYERS},
        **{f"layer_{op}": _merge_step(op) for op in MERGES},
        "call": _call(),
        "net": _object({name: schema for name, schema in _outer().items() if name in NET_KEYS}, ["input", "layers"]),
    }
    outer = _outer()
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "archcalc spec",
        "description": "A family of neural networks: parameters, variants, blocks and layers.",
        **_object({name: outer[name] for name in TOP_KEYS}, ["archcalc"]),
        "anyOf": [{"required": ["layers"]}, {"required": ["nets"]}],
        "definitions": definitions,
    }


def _outer() -> dict[str, Schema]:
    expressions = {"type": ["object", "null"], "additionalProperties": _ref("expression")}
    blocks = {
        "type": ["object", "null"],
        "patternProperties": {_SIGNATURE: _ref("flow")},
        "additionalProperties": False,
    }
    flows = {"type": ["object", "null"], "additionalProperties": _ref("flow")}
    return {
        "archcalc": {"description": "The version of the format.", "enum": [VERSION, str(VERSION)]},
        "name": {"type": "string", "description": "Shown instead of the file's name."},
        "title": {**_ref("text"), "description": "The title of tables and diagrams."},
        "source": {**_ref("text"), "description": "The citation of the whole network."},
        "note": _ref("text"),
        "task": {"type": "string", "description": "What the network is for: classification, detection, …"},
        "year": {"type": ["integer", "string"], "description": "The year of publication."},
        "params": {**expressions, "description": "Parameters with their defaults."},
        "variants": {
            "description": "Axes of named options; each option sets parameters.",
            "type": ["object", "null"],
            "additionalProperties": {"type": "object", "additionalProperties": expressions},
        },
        "input": {
            "description": "The input's shape without the batch axis, or several inputs by name.",
            "anyOf": [_ref("size"), {"type": "object", "additionalProperties": _ref("size")}],
        },
        "require": {"anyOf": [_ref("text"), {"type": "array", "items": _ref("text")}]},
        "defaults": {
            "description": "Default arguments of layer types: 'half bias=no'.",
            "type": ["object", "null"],
            "properties": {op: {"anyOf": [{"type": "string"}, {"type": "object"}]} for op in (*LAYERS, *ALIASES)},
            "additionalProperties": False,
        },
        "blocks": {
            **blocks,
            "description": "Templates: 'name(a, b=1)' or 'name(x, skip; w)' and their flow.",
        },
        "shared": {**blocks, "description": "Templates with one set of weights for all calls."},
        "layers": {**_ref("flow"), "description": "The network."},
        "aux": {**flows, "description": "Heads that run in training only."},
        "outputs": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        "expect": _ref("expected"),
        "nets": {
            "type": "object",
            "additionalProperties": _ref("net"),
            "description": "Several networks in one file.",
        },
    }


def _structures() -> dict[str, Schema]:
    branches: Schema = {
        "anyOf": [
            {"type": "array", "items": _ref("flow"), "minItems": 1},
            {"type": "object", "minProperties": 1, "additionalProperties": _ref("flow")},
            _ref("for"),
            _ref("if"),
        ]
    }
    meta = _meta()
    found: dict[str, Schema] = {
        f"merge_{op}": _object({op: branches, "axis": _ref("expression"), **meta}, [op]) for op in MERGES
    }
    found["residual"] = _object({"residual": _ref("flow"), "shortcut": _ref("flow"), **meta}, ["residual"])
    columns = {"type": "object", "minProperties": 1, "additionalProperties": _ref("expression")}
    loop = {
        "anyOf": [columns, {"type": "string", "pattern": r"\sin\s"}],
        "description": "k in range(3), or columns",
    }
    found["for"] = _object({"for": loop, "do": _ref("flow")}, ["for", "do"])
    found["if"] = _object({"if": _ref("expression"), "then": _ref("flow"), "else": _ref("flow")}, ["if", "then"])
    steps = {"repeat": _ref("expression"), "if": _ref("expression"), "as": _ref("text")}
    found["seq"] = _object({"seq": _ref("flow"), **steps, **meta}, ["seq"])
    found["named"] = {
        "type": "object",
        "description": "One name and what it names.",
        "properties": meta,
        "patternProperties": {_ITEM: _ref("flow"), f"^({'|'.join(MERGES)})$": _ref("chain")},
        "additionalProperties": False,
        "minProperties": 1,
    }
    return found


def _layer(op: str) -> Schema:
    cls = layer_class(op)
    fields: dict[str, Schema] = cls.model_json_schema()["properties"]
    settings: dict[str, Schema] = {name: _setting(name, field, cls) for name, field in fields.items()}
    settings.update({word: {"type": ["boolean", "string"]} for word in cls.shorthand})
    words = [op, *(alias for alias, full in ALIASES.items() if full == op)]
    required = ["op", *(name for name, field in cls.model_fields.items() if field.is_required())]
    schema = _object({"op": {"enum": words}, **settings, **_step()}, required)
    return {"description": (cls.__doc__ or "").strip().split("\n")[0], **schema}


def _setting(name: str, field: Mapping[str, Any], cls: Any) -> Schema:
    schema = {key: value for key, value in field.items() if key in ("type", "enum", "items", "anyOf")}
    default = cls.model_fields[name].default
    if cls.model_fields[name].is_required():
        return schema
    if default is None:
        return {"anyOf": [schema, {"type": "null"}]} if schema else {}
    shown = (
        float(default) if isinstance(default, Fraction) else list(default) if isinstance(default, tuple) else default
    )
    return {**schema, "default": shown}


def _merge_step(op: str) -> Schema:
    axis: Schema = {"axis": _ref("expression")} if "axis" in layer_class(op).model_fields else {}
    names = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    schema = _object(
        {"op": {"enum": [op]}, "with": {"anyOf": [{"type": "string"}, names]}, **axis, **_step()},
        ["op", "with"],
    )
    return {"description": "Join the running value with named ones.", **schema}


def _call() -> Schema:
    return {
        "type": "object",
        "description": "A block, '$name' or a special step (id, from, use, times, once) with its arguments.",
        "properties": {"op": {"type": "string", "not": {"enum": [*LAYERS, *ALIASES, *MERGES]}}, **_step()},
        "required": ["op"],
    }


def _step() -> dict[str, Schema]:
    return {
        "name": _ref("text"),
        "repeat": _ref("expression"),
        "if": _ref("expression"),
        "as": _ref("text"),
        **_meta(),
    }


def _meta() -> dict[str, Schema]:
    return {name: _ref("expectation") if name == "expect" else _ref("text") for name in META}


def _snippet(op: str) -> Schema:
    cls = layer_class(op)
    body = " ".join([op, *(f"${{{number}:{name}}}" for number, name in enumerate(cls.positional, 1))])
    return {"label": op, "description": (cls.__doc__ or "").strip().split("\n")[0], "body": body}


def _object(properties: Mapping[str, Schema], required: list[str] | None = None) -> Schema:
    schema: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    if required:
        schema["required"] = required
    return schema


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}
