"""What several tests share: the example specs of the language reference, and a network from a text."""

import json
from pathlib import Path

from archcalc import api
from archcalc.analysis import analyze
from archcalc.spec.library import Library
from archcalc.spec.parameters import Wishes
from archcalc.spec.reader import Source
from archcalc.spec.target import choose

EXAMPLES = Path(__file__).parent / "examples"
EXAMPLE_TOTALS = json.loads((EXAMPLES / "totals.json").read_text(encoding="utf-8"))
EXAMPLE_LIBRARY = Library((EXAMPLES,))


def document(text, name="net", library=EXAMPLE_LIBRARY):
    """Return the document of a text."""
    return library.parse(Source(f"{name}.yaml", text), name)


def graph_of(spec, net=None, options=(), library=EXAMPLE_LIBRARY, folder=None):
    """Return the graph of one network of a document."""
    return api.load_choice(spec, choose(spec, net, tuple(options)), Wishes(), "net", library, folder)


def report(text, **wishes):
    """Return the report of a spec given as text; without `archcalc` and `input` lines, a map of 3x8x8 goes in."""
    if not text.startswith("archcalc"):
        text = "archcalc: 1\n" + ("" if "input:" in text else "input: 3x8x8\n") + text
    spec = document(text)
    graph = api.load_choice(spec, choose(spec, None, ()), Wishes(**wishes), "net", EXAMPLE_LIBRARY, None)
    return analyze(graph)


def facts(graph):
    """Return everything about a graph that must not depend on how the spec is written."""
    nodes = [
        (
            n.path,
            n.op,
            str(n.layer.settings()) if n.layer else "",
            n.inputs,
            n.output,
            n.mode,
            n.weight_key,
            n.runs,
            n.note,
        )
        for n in graph.nodes
    ]
    return nodes, dict(graph.outputs), sorted(graph.folders)
