"""A program → the text of a torch file."""

import re
from collections.abc import Iterator

from archcalc.torch_backend.export.code import computations, constructions
from archcalc.torch_backend.export.comments import as_comment, safe
from archcalc.torch_backend.export.layout import wrapped
from archcalc.torch_backend.export.names import input_names, variables
from archcalc.torch_backend.export.scopes import Class, Scope
from archcalc.torch_backend.export.structure import Program


def write(program: Program, params: int) -> str:
    """Return the file; `params` is the number of parameters that it says it has."""
    graph, main = program.graph, program.root.kind
    name = main.name if main else ""
    definitions = [text for name, text in program.definitions.items() if name in program.used]
    shapes = {each: "x".join(map(str, shape)) for each, shape in graph.inputs.items()}
    title, target = (safe(text) for text in (graph.title or graph.target, graph.target))
    said = ", ".join(f"{each} {shape}" for each, shape in shapes.items())
    head = [
        f'"""{title}: {target}, written by archcalc.',
        "",
        f"Input without batch: {said}. {params:,} parameters, those of training heads with them.",
        '"""',
        "",
        "import torch",
        "import torch.nn.functional as F",
        "from torch import Tensor, nn" if definitions else "from torch import nn",
        "\n\n",
    ]
    zeros = ", ".join(f"torch.zeros(1, {', '.join(map(str, shape))})" for shape in graph.inputs.values())
    tail = [
        'if __name__ == "__main__":',
        f"    net = {name}().eval()",
        '    print(f"{sum(p.numel() for p in net.parameters()):,} parameters")',
        "    with torch.no_grad():",
        f"        made = net({zeros})",
        "    for y in made if isinstance(made, tuple) else (made,):",
        "        print(tuple(y.shape))",
    ]
    parts = [*definitions, *(_class(program, each, each is main) for each in program.classes)]
    text = "\n".join(head) + "\n\n\n".join(part.strip("\n") for part in parts) + "\n\n\n" + "\n".join(tail) + "\n"
    unused = not re.search(r"\bF\b", text.partition("functional as F")[2])
    return text.replace("import torch.nn.functional as F\n", "") if unused else text


def _class(program: Program, each: Class, whole: bool) -> str:
    scope = each.example
    heads = [each.parameters[number] for number in each.order]
    lines = [f"class {each.name}(nn.Module):"]
    if not whole:
        lines += [f'    """{as_comment(scope.call)}."""', ""]
    lines += [*wrapped(f"def __init__({', '.join(['self', *heads])}):", 4), "        super().__init__()"]
    for line in constructions(scope, each):
        lines += wrapped(line, 8)
    lines += ["", *_forward(program, scope, each, whole)]
    return "\n".join(lines)


def _forward(program: Program, scope: Scope, kind: Class, whole: bool) -> Iterator[str]:
    names = variables(scope, program.graph, program.definitions)
    inputs = (
        input_names(program.graph, program.definitions)
        if whole
        else ["x", *(f"x{i}" for i in range(2, len(scope.reads) + 1))]
    )
    yield f"    def forward({', '.join(['self', *inputs])}):"
    outputs = [names[at, ""] for at in program.graph.outputs.values()] if whole else []
    result = ", ".join(outputs or [names[value] for value in scope.writes])
    lines = list(computations(scope, kind, names))
    said, training = "", False
    for statement, targets, text in lines:
        if statement.training and whole and not training:
            training, said = True, ""
            yield "        if self.training:"
        deep = 12 if training else 8
        if statement.comment and statement.comment != said:
            yield f"{' ' * deep}# {statement.comment}"
        said = statement.comment or said
        last = statement is lines[-1][0] and targets == result
        yield from wrapped(f"return {text}" if last else f"{targets} = {text}", deep)
    if training:
        heads = [names[value] for value in scope.writes if program.graph.nodes[value[0]].mode == "train"]
        yield from wrapped(f"return {', '.join([result, *heads])}", 12)
    if not lines or training or lines[-1][1] != result:
        yield from wrapped(f"return {result}", 8)
