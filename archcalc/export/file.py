"""A program → the text of a file."""

from collections.abc import Iterator

from archcalc.export.code import computations, constructions
from archcalc.export.comments import as_comment, safe
from archcalc.export.definitions import with_what_they_need
from archcalc.export.layout import wrapped
from archcalc.export.names import input_names, variables
from archcalc.export.scopes import Class, Scope
from archcalc.export.structure import Program


def write(program: Program, params: int) -> str:
    """Return the file; `params` is the number of parameters that it says it has."""
    graph, main, framework = program.graph, program.root.kind, program.framework
    needed = with_what_they_need(program.used, program.definitions)
    definitions = [text for name, text in program.definitions.items() if name in needed]
    title, target = (safe(text) for text in (graph.title or graph.target, graph.target))
    shapes = ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in graph.inputs.items())
    said = f"Input without batch: {shapes}. {params:,} parameters, those of training heads with them."
    head = framework.head(f"{title}: {target}, written by archcalc.", said, bool(definitions))
    tail = framework.tail(main.name if main else "", graph.inputs)
    parts = [*definitions, *(_class(program, each, each is main) for each in program.classes)]
    body = "\n\n\n".join(part.strip("\n") for part in parts)
    return framework.tidy("\n".join([*head, "", "", body, "", "", *tail, ""]))


def _class(program: Program, each: Class, whole: bool) -> str:
    scope = each.example
    heads = [each.parameters[number] for number in each.order]
    framework = program.framework
    lines = [f"class {each.name}({framework.network if whole else framework.block}):"]
    if not whole:
        lines += [f'    """{as_comment(scope.call)}."""', ""]
    lines += [*wrapped(f"def __init__({', '.join(['self', *heads])}):", 4), "        super().__init__()"]
    for line in constructions(scope, each):
        lines += wrapped(line, 8)
    lines += ["", *_forward(program, scope, each, whole)]
    return "\n".join(lines)


def _forward(program: Program, scope: Scope, kind: Class, whole: bool) -> Iterator[str]:
    framework = program.framework
    reserved = {*program.definitions, *framework.taken}
    names = variables(scope, program.graph, reserved)
    inputs = (
        input_names(program.graph, reserved) if whole else ["x", *(f"x{i}" for i in range(2, len(scope.reads) + 1))]
    )
    arguments = ["self", *inputs, *(framework.arguments if whole else ())]
    yield f"    def {framework.run}({', '.join(arguments)}):"
    outputs = [names[at, ""] for at in program.graph.outputs.values()] if whole else []
    result = ", ".join(outputs or [names[value] for value in scope.writes])
    lines = list(computations(scope, kind, names))
    said, training = "", False
    for statement, targets, text in lines:
        if statement.training and whole and not training:
            training, said = True, ""
            yield f"        if {framework.training}:"
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
