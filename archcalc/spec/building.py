"""A call of a layer type → the layer: settings from defaults and arguments, faults at their place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from archcalc.errors import Place, Problem, ShapeError, SpecError, did_you_mean, fault
from archcalc.layers import layer_class
from archcalc.layers.base import Merge
from archcalc.layers.settings import Reference
from archcalc.spec.calls import FLAGS, Plan, flag_of, plan_call
from archcalc.spec.expressions import Env
from archcalc.spec.frame import Frame, Here, hashable
from archcalc.spec.syntax import Arg, Call


@dataclass(slots=True, eq=False, repr=False)
class Builder:
    """Builds layers; remembers how calls are read, and layers by their settings."""

    plans: dict[tuple[int, str], Plan] = field(default_factory=dict)
    layers: dict[Any, Any] = field(default_factory=dict)

    def plan(self, op: str, call: Call) -> Plan:
        """Return how the arguments of a call fill the settings of a layer type."""
        plan = self.plans.get((id(call), op))
        if plan is None:
            plan = self.plans[(id(call), op)] = plan_call(op, call.args)
        return plan

    def layer(self, plan: Plan, call: Call, here: Here) -> Any:
        """Return the layer that a call describes here; the same settings give the same object.

        Raises:
            SpecError: E050, E059, E080 … E083, E088 at the argument at fault.
        """
        settings = _settings(plan, here)
        key: Any = (plan.op, tuple(settings.items()), tuple(map(type, settings.values())))
        try:
            layer = self.layers.get(key)
        except TypeError:  # a setting that cannot be a key, as a mapping: let the layer refuse it
            layer, key = None, (plan.op, id(settings))
        if layer is None:
            layer = self.layers[key] = _build(plan, settings, call, here)
        return layer


def build_merge(op: str, settings: Mapping[str, Any], places: Mapping[str, Arg], place: Place) -> Merge:
    """Return the merge `op`.

    Raises:
        SpecError: E080, E083 at the setting at fault.
    """
    try:
        merge: Merge = layer_class(op)(**settings)
    except ValidationError as error:
        wrong = error.errors()[0]
        setting = str(wrong["loc"][0])
        at = places[setting].place if setting in places else place
        if wrong["type"] == "extra_forbidden":
            raise fault("E083", f"{op} has no '{setting}'", at) from None
        raise fault("E080", f"{setting} = {_said(wrong)}", at) from None
    return merge


def _settings(plan: Plan, here: Here) -> dict[str, Any]:
    settings = dict(_defaults(plan, here.frame))
    given: set[str] = set(plan.places)
    env = here.env()
    position = 0

    def fill(setting: str, value: Any, arg: Arg) -> None:
        if setting in given:
            later = max((arg, plan.places.get(setting, arg)), key=lambda held: (held.place.line, held.place.column))
            raise fault("E084", f"'{setting}' is given twice", later.place)
        given.add(setting)
        settings[setting] = value

    positional: tuple[str, ...] = plan.layer.positional
    rest: list[Any] = []
    for setting, arg, tensor, flag in plan.arguments:
        if setting is not None and setting in plan.layer.texts:
            settings[setting] = _text(arg)
            continue
        if setting is not None:
            settings[setting] = _references(arg, here) if tensor else hashable(arg.value(env))
            continue
        if flag is not None and arg.text not in here.values:  # a parameter of that name wins
            fill(*flag, arg)
            continue
        value = hashable(arg.value(env))
        if plan.layer.variadic and position >= len(positional) - 1:
            rest.append(value)
            continue
        if position >= len(positional):
            raise _too_many(plan, arg, here)
        fill(positional[position], value, arg)
        position += 1
    if rest:
        fill(positional[-1], tuple(rest), plan.arguments[-1][1])
    return settings


def _defaults(plan: Plan, frame: Frame) -> dict[str, Any]:
    held = frame.defaults.get(plan.op)
    if held is not None:
        return held
    settings: dict[str, Any] = {}
    env = Env(frame.params)
    for arg in frame.document.defaults.get(plan.op, ()):
        flag = flag_of(plan.layer, arg.text) if not arg.name else None
        if flag is not None:
            settings[flag[0]] = flag[1]
            continue
        for name in plan.layer.shorthand.get(arg.name, (arg.name,)):
            settings[name] = hashable(arg.value(env))
    frame.defaults[plan.op] = settings
    return settings


def _text(arg: Arg) -> str:
    """Return an argument that is text and not an expression, without the quotes that a chain may need."""
    text = arg.text
    return text[1:-1] if len(text) > 1 and text[0] in "\"'" and text[-1] == text[0] else text


def _references(arg: Arg, here: Here) -> Any:
    if arg.expr is not None and arg.text in ("none", "null"):
        return None
    found = [Reference(entry.value.path, entry.value.shape) for entry in here.tensors(arg)]
    return tuple(found) if arg.text.startswith("[") else found[0]


def _build(plan: Plan, settings: dict[str, Any], call: Call, here: Here) -> Any:
    try:
        return plan.layer(**settings)
    except ValidationError as error:
        raise SpecError(_problem(plan, wrong, settings, call, here) for wrong in error.errors()) from None
    except ShapeError as error:
        raise fault(error.code, f"{plan.op}: {error.message}", call.place) from None


# ── Faults ──


def _too_many(plan: Plan, arg: Arg, here: Here) -> SpecError:
    if arg.text in FLAGS and arg.text not in here.values:
        return fault("E081", f"{plan.op} does not take the flag '{arg.text}'", arg.place)
    takes = ", ".join(plan.layer.positional)
    message = f"{plan.op} takes {f'{takes} and' if takes else 'no value,'} no '{arg.text}'"
    return fault("E082", message + did_you_mean(arg.text, plan.layer.model_fields), arg.place)


def _problem(plan: Plan, wrong: Any, settings: Mapping[str, Any], call: Call, here: Here) -> Problem:
    setting = str(wrong["loc"][0]) if wrong["loc"] else ""
    if wrong["type"] == "missing":
        wanted = ", ".join(f"'{name}'" for name in plan.layer.positional)
        takes = f" (it takes {wanted})" if len(plan.layer.positional) > 1 else ""
        return Problem("E059", f"{plan.op} needs '{setting}'{takes}", call.place)
    arg = argument_of(plan, setting, here)
    place = arg.place if arg else call.place
    said = _said(wrong)
    word = _word(settings.get(setting))
    if word is not None and "is not one of" not in said and "is no padding" not in said:
        entry = here.scope.find(word)
        if entry is not None and entry.given:
            message = f"'{word}' is a layer, but '{setting}' of {plan.op} is a number"
            return Problem("E088", message, place)
        hint = did_you_mean(word, [*here.values, *plan.layer.model_fields])
        return Problem("E050", f"unknown name '{word}'{hint}", place)
    if wrong["type"] != "value_error" or not setting:
        return Problem("P001" if setting else "E080", f"{plan.op}: {said}", place)
    return Problem("E080", f"{setting} = {said}", place)


def _word(value: Any) -> str | None:
    """Return the word that stands where a number should, alone or in a list."""
    items = value if isinstance(value, tuple) else (value,)
    return next((item for item in items if isinstance(item, str)), None)


def argument_of(plan: Plan, setting: str, here: Here) -> Arg | None:
    """Return the argument of a call that fills a setting, by its name or by its position."""
    if setting in plan.places:
        return plan.places[setting]
    values = [
        arg for name, arg, _, flag in plan.arguments if name is None and (flag is None or arg.text in here.values)
    ]
    positional = plan.layer.positional
    at = positional.index(setting) if setting in positional else len(values)
    return values[at] if at < len(values) else None


def _said(wrong: Any) -> str:
    return str(wrong["msg"]).removeprefix("Value error, ")
