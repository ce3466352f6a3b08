"""What the arguments of a call mean for its layer type: settings, flags, names of layers (section 5)."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from archcalc.errors import Problem, SpecError, did_you_mean
from archcalc.layers import layer_class
from archcalc.layers.catalogue import ALIASES, LAYERS, MERGES
from archcalc.layers.settings import PADDING_WORDS
from archcalc.spec.problems import Problems
from archcalc.spec.syntax import Arg, Call, Flow, ForFlow, IfFlow, MergeFlow, Named, ResidualFlow, Run, Step

SPECIALS: Final = ("id", "from", "use", "times", "once")
FLAGS: Final = (*PADDING_WORDS, "ceil", "nobias")
# argument names of the special steps in long form
_SPECIAL_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": (),
    "from": ("layer",),
    "times": ("n",),
    "once": (),
}

Kind: TypeAlias = Literal["positional", "key", "tensor"]


class Plan(NamedTuple):
    """How the arguments of one call fill the settings of a layer type.

    arguments: (setting or None for a positional value, argument, whether it names layers, flag it may be).
    """

    op: str
    layer: Any
    arguments: tuple[tuple[str | None, Arg, bool, tuple[str, Any] | None], ...]
    places: Mapping[str, Arg]


def plan_call(op: str, call_args: Iterable[Arg]) -> Plan:
    """Return how the arguments of a call fill the settings of layer or merge `op`.

    Raises:
        SpecError: E083 for an unknown key, E084 for one given twice, E081 for a flag that is not taken.
    """
    op = ALIASES.get(op, op)
    cls = layer_class(op)
    fields = cls.model_fields
    arguments: list[tuple[str | None, Arg, bool, tuple[str, Any] | None]] = []
    places: dict[str, Arg] = {}
    for arg in call_args:
        if not arg.name:
            flag = flag_of(cls, arg.text)
            if flag is None and arg.text in FLAGS and not cls.positional:
                raise SpecError([Problem("E081", f"{op} does not take the flag '{arg.text}'", arg.place)])
            arguments.append((None, arg, op in MERGES, flag))
            continue
        names = cls.shorthand.get(arg.name, (arg.name,))
        for name in names:
            if name not in fields and not (op in MERGES and name == "with"):
                place = arg.key_place or arg.place
                keys = [*fields, *cls.shorthand]
                raise SpecError([Problem("E083", f"{op} has no '{arg.name}'{did_you_mean(arg.name, keys)}", place)])
            if name in places:
                raise SpecError([Problem("E084", f"'{name}' is given twice", arg.key_place or arg.place)])
            places[name] = arg
            arguments.append((name, arg, name in cls.references or name == "with", None))
    return Plan(op, cls, tuple(arguments), places)


def flag_of(cls: Any, text: str) -> tuple[str, Any] | None:
    """Return the (setting, value) that a bare word sets on a layer type, or None.

    The flags of the language, and a bare `frozen`, `bi` …: the name of a setting that is yes or no.
    """
    fields = cls.model_fields
    if text in PADDING_WORDS and "pad" in fields:
        return "pad", text
    if text == "nobias" and "bias" in fields:
        return "bias", False
    if text in fields and fields[text].annotation is bool:
        return text, True
    return None


def check_defaults(op: str, args: Iterable[Arg]) -> None:
    """Raise SpecError unless these can be default arguments of a layer type: E082 positional, E083 no such key."""
    cls = layer_class(op)
    for arg in args:
        if not arg.name and flag_of(cls, arg.text) is None:
            raise SpecError([Problem("E082", f"defaults take no positional value: '{arg.text}'", arg.place)])
    plan_call(op, args)


def check_calls(flows: Iterable[Flow], blocks: Mapping[str, Any], problems: Problems) -> None:
    """Report calls of nothing (E058) and unknown keys of layers, wherever the op is written out."""
    for call in _calls(flows):
        if call.dynamic:
            continue
        try:
            _check_call(call, blocks)
        except SpecError as error:
            problems.add(error.problems)


def _check_call(call: Call, blocks: Mapping[str, Any]) -> None:
    op = call.op
    if op in blocks or op in SPECIALS:
        for arg in call.args if op in _SPECIAL_KEYS else ():
            if arg.name and arg.name not in _SPECIAL_KEYS[op]:
                place = arg.key_place or arg.place
                raise SpecError([Problem("E083", f"{op} has no '{arg.name}'", place)])
        return
    if ALIASES.get(op, op) not in LAYERS and op not in MERGES:
        known = [*LAYERS, *MERGES, *ALIASES, *SPECIALS, *blocks]
        raise SpecError([Problem("E058", f"unknown layer or block '{op}'{did_you_mean(op, known)}", call.place)])
    plan = plan_call(op, call.args)
    for setting, arg, tensor, _ in plan.arguments:
        if arg.error and not tensor and setting not in plan.layer.texts:
            raise arg.error


def _calls(flows: Iterable[Flow]) -> Iterable[Call]:
    stack: list[Flow | None] = list(flows)
    while stack:
        flow = stack.pop()
        if isinstance(flow, Step):
            if isinstance(flow.body, Call):
                yield flow.body
            else:
                stack.append(flow.body)
        elif isinstance(flow, Run):
            stack.extend(flow.items)
        elif isinstance(flow, Named):
            stack.append(flow.flow)
        elif isinstance(flow, MergeFlow):
            stack.extend(branch for _, branch in flow.branches)
        elif isinstance(flow, ResidualFlow):
            stack.extend((flow.main, flow.shortcut))
        elif isinstance(flow, ForFlow):
            stack.append(flow.body)
        elif isinstance(flow, IfFlow):
            stack.extend((flow.then, flow.other))
