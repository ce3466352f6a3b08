"""The example specs of the language reference: their totals, and that every form of a spec is the same network."""

import pytest
from helpers import EXAMPLE_LIBRARY, EXAMPLE_TOTALS, EXAMPLES, document, facts, graph_of

from archcalc import api
from archcalc.api import variants
from archcalc.expectations import verify
from archcalc.limits import Limits
from archcalc.spec.library import builtin_folder, spec_files
from archcalc.spec.reader import read
from archcalc.spec.target import parse_target
from archcalc.spec.writer import long_form, plain, to_json, to_yaml

FILES = sorted(EXAMPLES.glob("*.yaml"))
BUILT_IN = list(spec_files(builtin_folder()))


@pytest.mark.parametrize("target", EXAMPLE_TOTALS)
def test_totals_of_the_examples(target):
    totals = api.analyze(target, library=EXAMPLE_LIBRARY).totals
    expected = EXAMPLE_TOTALS[target]
    assert {name: getattr(totals, name) for name in expected} == expected
    assert totals.params_train == expected.get("params_train", expected["params"])


def forms(spec):
    tree, long = plain(spec.tree), long_form(spec, Limits())
    return {
        "json": to_json(tree),
        "yaml": to_yaml(tree),
        "long yaml": to_yaml(long),
        "long json": to_json(long),
    }


@pytest.mark.parametrize("path", [*FILES, *BUILT_IN], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_json_twin_canonical_yaml_and_long_form_are_the_same_network(path):
    library = EXAMPLE_LIBRARY if path in FILES else api.Library()
    spec = library.load(path)
    twins = {form: document(text, path.stem, library) for form, text in forms(spec).items()}
    for _, net, expected in variants(spec, path.stem):
        options = tuple(expected.variant.split("-")) if expected and expected.variant else ()
        own = facts(graph_of(spec, net.name, options, library, path.parent))
        for form, twin in twins.items():
            assert facts(graph_of(twin, net.name, options, library, path.parent)) == own, form


@pytest.mark.parametrize("path", [*FILES, *BUILT_IN], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_both_loaders_give_the_same_tree(path):
    source = EXAMPLE_LIBRARY.load(path).text
    fast, pure = read(source, Limits()), read(source, Limits(), pure=True)
    assert positions(fast) == positions(pure)


def positions(tree):
    """Return a tree as plain data with the place of every scalar."""
    if hasattr(tree, "value"):
        return tree.value, tree.place.line, tree.place.column, tree.style
    if hasattr(tree, "items") and not hasattr(tree, "pairs"):
        return [positions(item) for item in tree.items]
    return [(positions(key), positions(value)) for key, value in tree.pairs]


@pytest.mark.parametrize("path", [*FILES, *BUILT_IN], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_expectations_hold(path):
    library = EXAMPLE_LIBRARY if path in FILES else api.Library()
    verdicts = list(verify(library.load(path), parse_target(str(path)), library, path.parent))
    assert verdicts
    for verdict in verdicts:
        assert not verdict.errors, verdict
        assert not verdict.findings, verdict


@pytest.mark.parametrize("path", BUILT_IN, ids=lambda path: path.stem)
def test_built_in_specs_say_what_they_are(path):
    spec = api.Library().load(path)
    assert spec.title
    assert spec.source or all(net.source for net in spec.nets.values())
    assert spec.task
    assert spec.year
    # a network whose totals nobody knows says so instead of stating some
    assert all(net.expect or "placeholder" in (net.note or "") for net in spec.nets.values()), (
        "a spec states its totals"
    )


def test_the_same_target_gives_the_same_report():
    first, second = (api.analyze("nasnet/large").to_dict() for _ in range(2))
    assert first == second
