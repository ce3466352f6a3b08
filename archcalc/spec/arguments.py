"""What the arguments of a block call and of `use` mean (section 11)."""

from typing import Any

from archcalc.errors import did_you_mean, fault
from archcalc.layers.catalogue import ALIASES, LAYERS, MERGES
from archcalc.limits import Limits
from archcalc.spec.chains import parse_template
from archcalc.spec.document import Block
from archcalc.spec.expressions import Env, fixed
from archcalc.spec.frame import Here
from archcalc.spec.parameters import Wishes
from archcalc.spec.scope import Entry, Scope, Value
from archcalc.spec.syntax import Arg, Call, Template


def block_arguments(block: Block, call: Call, value: Value, here: Here) -> tuple[dict[str, Any], list[Entry]]:
    """Return the values of a block's parameters and the tensors beside the running value.

    Raises:
        SpecError: E059, E082 … E084, E088, arguments that do not fit the signature.
    """
    names = [parameter for parameter, _ in block.parameters]
    given: dict[str, Arg] = {}
    position = 0
    for arg in call.args:
        key = arg.name
        if not key:
            if position >= len(names):
                takes = ", ".join(names) or "no parameters"
                raise fault("E082", f"{block.name} takes {takes}; '{arg.text}' is one too many", arg.place)
            key = names[position]
            position += 1
        elif key == "stride" and "stride" not in names and "s" in names:
            key = "s"
        if key not in names and key not in block.tensors[1:]:
            known = [*names, *block.tensors[1:]]
            message = f"{block.name} has no '{arg.name}'{did_you_mean(arg.name, known)}"
            raise fault("E083", message, arg.key_place or arg.place)
        if key in given:
            raise fault("E084", f"'{key}' is given twice", arg.key_place or arg.place)
        given[key] = arg
    tensors: list[Entry] = []
    for tensor in block.tensors[1:]:
        if tensor not in given:
            raise fault("E059", f"{block.name} needs the layer '{tensor}', as {tensor}=c4", call.place)
        tensors.append(here.one_tensor(given[tensor]))
    values: dict[str, Any] = {}
    env = here.env()
    for parameter, default in block.parameters:
        found = given.get(parameter)
        if found is not None:
            values[parameter] = _value(found, parameter, block, env, here)
        elif default is not None:
            reach = zip(block.tensors, (Entry(value, None, given=True), *tensors), strict=False)
            seen = Here({**here.frame.params, **values}, Scope("", None, entries=dict(reach)), here.frame, value)
            values[parameter] = default(seen.env())
        else:
            raise fault("E059", f"{block.name} needs '{parameter}': {block.signature}", call.place)
    return values, tensors


def use_arguments(call: Call, here: Here, limits: Limits) -> tuple[Template, str | None, str | None, Wishes]:
    """Return the spec that `use` names, its `until` and `net`, and the parameters that it sets."""
    env = here.env()
    spec: Template | None = None
    words: dict[str, str | None] = {"until": None, "net": None}
    params: dict[str, Any] = {}
    for arg in call.args:
        if not arg.name or arg.name == "spec":
            if spec is not None:
                raise fault("E082", "use takes one spec", arg.place)
            spec = parse_template(arg.text, fixed(arg.place), limits)
        elif arg.name in words:
            words[arg.name] = arg.tensors[0].fill(env) if arg.tensors else arg.text
        else:
            params[arg.name] = arg.value(env)
    if spec is None:
        raise fault("E059", "use needs the name of a spec", call.place)
    return spec, words["until"], words["net"], Wishes(params)


def _value(arg: Arg, parameter: str, block: Block, env: Env, here: Here) -> Any:
    value = arg.value(env)
    if isinstance(value, str) and arg.tensors and value == arg.text:
        entry = here.scope.find(value)
        known = (*LAYERS, *MERGES, *ALIASES, *here.frame.document.blocks, "id")
        if value == "x" or (entry is not None and entry.given and value not in known):
            first, *rest = block.tensors or ("x",)
            tensors = ", ".join([first, *rest, parameter] if parameter not in rest else [first, *rest])
            hint = f"tensors are declared before a ';': {block.name}({tensors}; ...)"
            message = f"'{value}' is a layer, but '{parameter}' of {block.name} is a number; {hint}"
            raise fault("E088", message, arg.place)
    return value
