"""What torch's functions are asked for, with which parameters, and from what, while a network runs.

The recorder stands where torch's functions are called, whether by a module or by hand, so a model may be written as
it likes. Behind every value it remembers the calls and the parameters that it comes from. Layers that torch runs
in many steps (recurrent layers, attention) are one call.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final, NamedTuple

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

from archcalc.torch_backend import modules
from archcalc.torch_backend.compare import stored
from archcalc.torch_backend.count import Counter
from archcalc.torch_backend.foreign.calls import Call, Stored
from archcalc.torch_backend.foreign.functions import GLOBAL, WINDOWS, between, bound, kind_of, padded, settings_of

# modules of torch and of our own that are one layer, however many operations they take
WHOLE: Final = (
    nn.RNNBase,
    nn.MultiheadAttention,
    modules.OneBiasRecurrent,
    modules.WideAttention,
    modules.TableConv,
    modules.LocallyConnected,
    modules.DividedEncoder,
    modules.RadialBasis,
)


class _Origin(NamedTuple):
    """Where a value comes from: calls by number (inputs are negative), and parameters by identity."""

    calls: frozenset[int] = frozenset()
    stored: frozenset[int] = frozenset()


class Recorder(TorchFunctionMode):
    """Writes down calls while it is active."""

    def __init__(self, named: Callable[[], Iterable[tuple[str, Tensor]]]) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.counter = Counter()
        self.seen: set[int] = set()
        self.here: list[str] = []
        self.inside = 0  # of a layer that is one call
        self._named = named
        self._known: dict[int, tuple[str, Tensor]] = {}
        self._origins = WeakIdKeyDictionary()  # tensors do not compare as keys do
        self._pad: tuple[Tensor, int, tuple[int, ...]] | None = None

    def __enter__(self) -> "Recorder":
        self._known = {id(tensor): (name, tensor) for name, tensor in self._named()}
        self.counter.__enter__()
        super().__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        super().__exit__(*raised)
        self.counter.__exit__(*raised)

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        before = self.counter.macs
        result = function(*args, **given)
        if self.inside:
            return result
        name = getattr(function, "__name__", "call")
        name = name if name.startswith("__") else name.rstrip("_")  # relu_ is relu
        made = [args[0]] if name == "__setitem__" else list(tensors_in(result))  # y[…] = x
        origin = self.origin((args, given))
        if made and origin.calls:
            number = self._write(name, args, given, made[0], origin, self.counter.macs - before)
            origin = _Origin(origin.calls if number is None else frozenset([number]))
        for tensor in made:
            self._origins[tensor] = origin
        return result

    def given(self, tensors: Iterable[Tensor]) -> None:
        """Say what the inputs are."""
        for at, tensor in enumerate(tensors, 1):
            self._origins[tensor] = _Origin(frozenset([-at]))

    def origin(self, values: Any) -> _Origin:
        """Return where all tensors in (nested) values come from."""
        found = [self._of(tensor) for tensor in tensors_in(values)]
        calls: frozenset[int] = frozenset().union(*(each.calls for each in found))
        return _Origin(calls, frozenset().union(*(each.stored for each in found)))

    def whole(self, module: nn.Module, inputs: Any, result: Any, macs: int) -> None:
        """Write down a module that is one call."""
        output = next(iter(tensors_in(result)))
        held = [Stored(name, *rest) for name, rest in stored((module,)).items()]
        tensors = [*module.parameters(), *module.buffers()]
        origin = self.origin(inputs)
        number = self._add(_whole_kind(module), _heads(module), held, tensors, macs, output, origin.calls)
        for tensor in tensors_in(result):
            self._origins[tensor] = _Origin(frozenset([number]))

    def _of(self, tensor: Tensor) -> _Origin:
        if id(tensor) in self._known:
            return _Origin(stored=frozenset([id(tensor)]))
        found: _Origin = self._origins.get(tensor, _Origin())
        return found

    def _write(self, name: str, args: Any, kwargs: dict[str, Any], y: Tensor, origin: _Origin, macs: int) -> int | None:
        """Write a call down and return its number, or None if it is no layer."""
        kind = kind_of(name)
        values = [value for value in tensors_in((args, kwargs)) if self._of(value).calls]
        if between(name) and len(values) + bool(origin.stored) < 2:
            kind = None
        if name in GLOBAL and values and _over_all_axes(values[0], y):
            kind, args = GLOBAL[name], args[:1]
        if kind is None and not origin.stored and not macs:
            return None
        kind = kind or name.strip("_")
        given = bound(kind, args, kwargs)
        settings = settings_of(kind, given, y) if kind in WINDOWS or given.get("input") is not None else {}
        if kind in ("aavgpool", "amaxpool"):
            if values[0].shape == y.shape:
                return None
            if set(y.shape[2:]) == {1}:
                kind = "gap" if kind == "aavgpool" else "gmp"
        if settings.pop("whole", False) and kind in ("avgpool", "maxpool"):
            kind, settings = ("gap" if kind == "avgpool" else "gmp"), {}
        if kind == "hardtanh" and (given.get("min_val"), given.get("max_val")) == (0, 6):
            kind = "relu6"
        reads = origin.calls
        if kind in WINDOWS and self._pad is not None and given["input"] is self._pad[0]:
            sides = padded(settings["padding"], self._pad[2])
            if sides is not None:
                settings["padding"] = sides
                reads = (reads - {self._pad[1]}) | self.calls[self._pad[1]].reads
                self.calls[self._pad[1]] = replace(self.calls[self._pad[1]], kind="")  # it is part of this one now
        held, tensors = self._stored(given, origin)
        number = self._add(kind, settings, held, tensors, macs, y, reads)
        if kind == "pad":
            zero = given.get("mode", "constant") == "constant"
            self._pad = (y, number, tuple(given["pad"])) if zero else None
        return number

    def _stored(self, given: dict[str, Any], origin: _Origin) -> tuple[list[Stored], list[Tensor]]:
        roles = {id(value): role for role, value in given.items() if isinstance(value, Tensor)}
        order = {each: at for at, each in enumerate(roles)}
        held, tensors = [], []
        for key in sorted(origin.stored, key=lambda key: (order.get(key, len(order)), self._known[key][0])):
            name, tensor = self._known[key]
            kind = "trainable" if tensor.requires_grad else "frozen" if isinstance(tensor, nn.Parameter) else "buffer"
            if kind == "buffer" and not roles.get(key, "").startswith("running"):
                continue  # tables of numbers, masks: no statistics of a norm
            held.append(Stored(roles.get(key, name.rpartition(".")[2]), tuple(tensor.shape), kind))
            tensors.append(tensor)
        return held, tensors

    def _add(
        self,
        kind: str,
        settings: dict[str, Any],
        held: list[Stored],
        tensors: list[Tensor],
        macs: int,
        y: Tensor,
        reads: frozenset[int],
    ) -> int:
        new = {id(each): each for each in tensors if isinstance(each, nn.Parameter) and id(each) not in self.seen}
        self.seen |= set(new)
        params = sum(each.numel() for each in new.values())
        owner = next((self._known[id(each)][0].rpartition(".")[0] for each in tensors if id(each) in self._known), "")
        path = owner if owner and kind not in ("add", "mul", "concat") else self.here[-1] if self.here else ""
        output = tuple(y.shape[1:] if y.shape[:1] == (1,) else y.shape)  # the batch need not be the first axis
        self.calls.append(Call(path, kind, settings, tuple(held), params, macs, output, reads))
        return len(self.calls) - 1


def tensors_in(values: Any) -> Iterator[Tensor]:
    """Yield all tensors in nested tuples, lists, dictionaries and dataclasses."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, (tuple, list)):
        for value in values:
            yield from tensors_in(value)
    elif isinstance(values, dict):
        yield from tensors_in(list(values.values()))
    elif hasattr(values, "__dataclass_fields__"):
        yield from tensors_in([getattr(values, name) for name in values.__dataclass_fields__])


def _over_all_axes(x: Tensor, y: Tensor) -> bool:
    """Tell whether a mean or maximum of N×C×H×W is over all positions."""
    return x.dim() >= 3 and y.numel() == x.shape[0] * x.shape[1]


def _heads(module: nn.Module) -> dict[str, Any]:
    if isinstance(module, nn.MultiheadAttention):
        return {"heads": module.num_heads}
    return {"heads": module.heads} if isinstance(module, modules.WideAttention) else {}


def _whole_kind(module: nn.Module) -> str:
    if isinstance(module, nn.RNNBase):
        return str(module.mode).partition("_")[0].lower()
    if isinstance(module, modules.OneBiasRecurrent):
        return module.kind.lower()
    named = {
        modules.TableConv: "table", modules.LocallyConnected: "local", modules.DividedEncoder: "divenc",
        modules.RadialBasis: "rbf",
    }  # fmt: skip
    return named.get(type(module), "mha")
