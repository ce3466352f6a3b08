"""Graph → a torch module, made while it runs: each layer is built from the sizes that torch itself reports.

Only the inputs' sizes come from the graph. A layer that draws on others (`like`, `indices`) is given their real
values. What runs for many regions is run once; shared weights are one tensor.
"""

from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import reduce
from operator import add, mul, sub
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrize import cached, is_parametrized

from archcalc.graph import Graph, GraphNode
from archcalc.torch_backend import modules
from archcalc.torch_backend.builders import Given, recipe
from archcalc.torch_backend.count import UncountedError, unfused_recurrence
from archcalc.torch_backend.recipes import Call, Make, Method, Operator, Pick, Recipe, Step, UnbuildableError

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = MappingProxyType({"+": add, "-": sub, "*": mul})
# what torch raises when it cannot do what it is asked to
REFUSALS: Final = (RuntimeError, ValueError, IndexError, TypeError, AssertionError, NotImplementedError)


class Refused(NamedTuple):
    """Why a node has no value: torch refused it, cannot do it, or never came so far."""

    reason: str
    by_torch: bool


class Ran(NamedTuple):
    """What happened at one node."""

    node: GraphNode
    modules: tuple[nn.Module, ...]
    result: Tensor | Refused
    live: int  # bytes of all values that are still needed, this one with them


class Network(nn.Module):
    """The network of a graph. The first run builds it; `outputs` of a run are by name.

    Args:
        graph: an expanded network whose sizes are numbers.
        device: where its tensors live: "meta" needs no memory and runs no kernel.
    """

    def __init__(self, graph: Graph, device: str = "meta") -> None:
        super().__init__()
        self.graph = graph
        self.device = device
        self.plans: dict[int, Recipe] = {}
        self.made: dict[tuple[int, int], nn.Module] = {}
        self._owners: dict[str, list[nn.Module]] = {}
        self._indices: dict[str, Tensor] = {}
        self._remembering = {
            node.layer.settings()["indices"].path
            for node in graph.nodes
            if node.layer is not None and "indices" in node.layer.settings()
        }

    def inputs(self) -> list[Tensor]:
        """Return zeros for every input of the network, one sample."""
        return [torch.zeros(1, *shape, device=self.device) for shape in self.graph.inputs.values()]

    def forward(self, *inputs: Tensor) -> dict[str, Tensor]:
        """Return the outputs by name."""
        wanted = {at: name for name, at in self.graph.outputs.items()}
        found: dict[str, Tensor] = {}
        for at, ran in enumerate(self.run(*inputs)):
            if at in wanted:
                if isinstance(ran.result, Refused):
                    raise RuntimeError(f"{ran.node.path}: {ran.result.reason}")
                found[wanted[at]] = ran.result
        return found

    def run(self, *inputs: Tensor, watch: AbstractContextManager[Any] | None = None) -> Iterator[Ran]:
        """Yield what happens at every node, in order of execution; `watch` is entered while a layer computes."""
        watch = watch or nullcontext()
        values: dict[int, Tensor | Refused] = {}
        sizes: dict[str, tuple[int, ...]] = {}
        given = iter(inputs)
        needed = Tally(at for node in self.graph.nodes for at in node.inputs)
        needed.update(self.graph.outputs.values())
        for at, node in enumerate(self.graph.nodes):
            if node.layer is None:
                values[at] = next(given)
            else:
                values[at] = self._node(at, node, [values[each] for each in node.inputs], sizes, watch)
            result = values[at]
            if isinstance(result, Tensor):
                sizes[node.path] = tuple(result.shape[1:])
            yield Ran(node, tuple(self._built(at, len(self.plans.get(at, ())))), result, self._live(values))
            for each in node.inputs:
                needed[each] -= 1
                if not needed[each]:
                    del values[each]
            if not needed[at]:
                del values[at]

    def _built(self, at: int, steps: int) -> list[nn.Module]:
        return [self.made[at, place] for place in range(steps) if (at, place) in self.made]

    def _live(self, values: dict[int, Tensor | Refused]) -> int:
        if self.device == "meta":
            return 0
        every = (*values.values(), *self._indices.values())
        held = [value.untyped_storage() for value in every if isinstance(value, Tensor)]
        return sum({storage.data_ptr(): storage.nbytes() for storage in held}.values())

    def _node(
        self,
        at: int,
        node: GraphNode,
        values: list[Tensor | Refused],
        sizes: dict[str, tuple[int, ...]],
        watch: AbstractContextManager[Any],
    ) -> Tensor | Refused:
        tensors = [value for value in values if isinstance(value, Tensor)]
        if len(tensors) != len(values):
            return Refused("it reads a value that torch did not make", by_torch=False)
        try:
            if at not in self.plans:
                self.plans[at] = self._plan(at, node, tensors, sizes)
            with unfused_recurrence() if node.op in ("rnn", "gru", "lstm") else nullcontext(), cached():
                for module in self._built(at, len(self.plans[at])):
                    if is_parametrized(module, "weight"):
                        _ = module.weight  # made of the stored one, and kept: that is no part of the layer's work
                with watch:
                    return self._execute(at, node, tensors)
        except (UnbuildableError, UncountedError) as error:
            return Refused(str(error), by_torch=False)
        except REFUSALS as error:
            return Refused(f"torch refuses: {str(error).partition(chr(10))[0]}", by_torch=True)

    def _plan(self, at: int, node: GraphNode, tensors: list[Tensor], sizes: dict[str, tuple[int, ...]]) -> Recipe:
        settings = node.layer.settings() if node.layer is not None else {}
        inputs = tuple(tuple(tensor.shape[1:]) for tensor in tensors)
        steps = recipe(Given(node.op, settings, inputs, sizes.__getitem__, node.path in self._remembering))
        for place, step in enumerate(steps):
            if isinstance(step, Make):
                with torch.device(self.device):
                    module: nn.Module = resolve(step.name)(*step.args, **step.kwargs)
                module.requires_grad_(not step.frozen).eval()
                self.made[at, place] = module
                self.add_module(f"{node.path.replace('.', '/')}/{place}", module)
        if node.weight_key is not None:
            self._share(node.weight_key, self._built(at, len(steps)))
        return steps

    def _share(self, key: str, mine: list[nn.Module]) -> None:
        """Put the weights of the first use in place of these."""
        owners = self._owners.setdefault(key, mine)
        for owner, module in zip(owners, mine, strict=True):
            if owner is module:
                continue
            for part, theirs in zip(module.modules(), owner.modules(), strict=True):
                for name, stored in (*theirs._parameters.items(), *theirs._buffers.items()):
                    if getattr(getattr(part, name), "shape", None) != getattr(stored, "shape", None):
                        raise ValueError(f"shared weights differ: {name}")
                    setattr(part, name, stored)

    def _execute(self, at: int, node: GraphNode, tensors: list[Tensor]) -> Tensor:
        settings = node.layer.settings() if node.layer is not None else {}
        value: Any = tensors
        if "indices" in settings:
            value = [*tensors, self._indices[settings["indices"].path]]
        for place, step in enumerate(self.plans[at]):
            value = perform(step, value if place == 0 else [value], self.made.get((at, place)))
            if isinstance(step, Make) and step.kwargs.get("return_indices"):
                value, self._indices[node.path] = value
        result: Tensor = value if self.plans[at] else tensors[0]
        return result


def perform(step: Step, values: list[Any], module: nn.Module | None) -> Any:
    """Return the result of one step of a recipe."""
    match step:
        case Make():
            return module(*values) if module is not None else None
        case Call(name, args, kwargs, listed):
            return resolve(name)(*([values] if listed else values), *args, **kwargs)
        case Method(name, args, kwargs):
            return getattr(values[0], name)(*args, **kwargs)
        case Operator(symbol):
            return reduce(_OPERATORS[symbol], values)
        case Pick(index):
            return values[0][index]


def resolve(name: str) -> Any:
    """Return what a name in a recipe means: nn.Conv2d, F.relu, torch.cat, or one of our own modules."""
    room, _, rest = name.rpartition(".")
    return getattr({"nn": nn, "F": F, "torch": torch, "": modules}[room], rest)
