"""Somebody's own torch model against a spec: both run once, and what they did is put side by side.

`loading` gets the model; `record` runs it under the `recorder`, which knows torch's `functions` and writes `calls`.
`align` pairs the calls of both networks, `otherwise` finds what is only written in another way, `parting` says where
they part, each time one `difference`, and `present` prints it.
"""

from archcalc.graph import Graph
from archcalc.report import Report
from archcalc.torch_backend.foreign.parting import Parting


def compare_module(graph: Graph, report: Report, source: str) -> Parting:
    """Run a spec's network and somebody's torch model on the same input, and say where they part.

    The model's code is imported and run: only for code that the user trusts.

    Args:
        graph: the expanded network; its sizes are numbers.
        report: the analysis of the same graph.
        source: "module:factory" or "path/to/file.py:factory"; what it names is a `torch.nn.Module`, or gives one
            when it is called without arguments.

    Raises:
        TargetError: the source means nothing, the user's code fails, or the spec has free sizes.
    """
    from archcalc.torch_backend.foreign.loading import bad, opened
    from archcalc.torch_backend.foreign.parting import part
    from archcalc.torch_backend.foreign.record import record_module, record_spec

    if any(type(size) is not int for shape in graph.inputs.values() for size in shape):
        raise bad(f"{report.target}: its sizes are free; torch needs numbers (--input)")
    ours = record_spec(graph)
    with opened(source) as make:
        theirs = record_module(graph, source, make)
    return part(report, source, ours, theirs)
