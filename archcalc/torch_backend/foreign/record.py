"""One forward pass written down: of a spec's own network, and of a model that somebody else has written."""

import contextlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import torch
from torch import Tensor, nn

from archcalc.graph import Graph
from archcalc.quantities import Shape
from archcalc.torch_backend.count import UncountedError, unfused, unfused_recurrence
from archcalc.torch_backend.foreign.calls import Call, Recording
from archcalc.torch_backend.foreign.loading import bad, theirs
from archcalc.torch_backend.foreign.recorder import WHOLE, Recorder, tensors_in
from archcalc.torch_backend.network import Network

# what token numbers may go through before they are looked up
_REARRANGED: Final = ("take", "part", "reshape", "flatten", "squeeze", "unsqueeze")


def record_spec(graph: Graph) -> Recording:
    """Return what the network of a spec asks torch for, in inference."""
    network = Network(graph)
    inputs = network.inputs()
    recorder = Recorder(lambda: _named(network))
    recorder.given(inputs)
    paths: list[tuple[str, bool]] = []
    results: dict[int, Tensor] = {}
    with torch.no_grad(), unfused():
        for ran in network.run(*inputs):  # builds it
            if not isinstance(ran.result, Tensor):
                raise bad(f"{ran.node.path}: torch cannot run the spec's own network: {ran.result.reason}")
        with _watched(network, recorder):
            for at, ran in enumerate(network.run(*inputs, watch=recorder)):
                paths += [(ran.node.path, ran.node.mode == "both")] * (len(recorder.calls) - len(paths))
                if isinstance(ran.result, Tensor):
                    results[at] = ran.result
    calls = [replace(call, path=path) for call, (path, _) in zip(recorder.calls, paths, strict=True)]
    outputs = tuple(tuple(results[at].shape[1:]) for at in graph.outputs.values() if graph.nodes[at].mode == "both")
    return _recording(recorder, network, calls, [both for _, both in paths], outputs, "meta")


def record_module(graph: Graph, source: str, make: Callable[[], nn.Module]) -> Recording:
    """Return what a model does with the inputs of a spec: on the meta device, or on the CPU if it cannot run there.

    Raises:
        TargetError: it cannot be made, or fails on these inputs.
    """
    with contextlib.suppress(Exception), torch.device("meta"):
        model = make()
        if all(each.is_meta for each in (*model.parameters(), *model.buffers())):
            return _run(graph, source, model, "meta")
    model = make()
    if any(each.is_meta for each in model.parameters()):
        raise bad(f"{source} has parameters on the meta device, and does not run there")
    model.cpu()
    return _run(graph, source, model, "cpu")


def _run(graph: Graph, source: str, model: nn.Module, device: str) -> Recording:
    model.eval()
    inputs = _inputs(graph, device)
    recorder = Recorder(lambda: _named(model))
    recorder.given(inputs.values())
    by_name = set(inputs) <= _arguments(model)
    sizes = ", ".join("x".join(map(str, each.shape)) for each in inputs.values())
    doing = f"running {source} on {sizes}"
    with torch.no_grad(), unfused(), theirs(doing), torch.device(device), _watched(model, recorder):
        try:
            with recorder:
                result = model(**inputs) if by_name else model(*inputs.values())
        except UncountedError as error:
            raise bad(f"{doing}: {error}") from None
    outputs = tuple(tuple(each.shape[1:]) for each in tensors_in(result))
    if not outputs:
        raise bad(f"{source} returned {type(result).__name__}, in which there is no tensor")
    return _recording(recorder, model, recorder.calls, [True] * len(recorder.calls), outputs, device)


def _arguments(model: nn.Module) -> set[str]:
    """Return the names of what `forward` takes; a compiled one does not tell."""
    try:
        return set(inspect.signature(model.forward).parameters)
    except (TypeError, ValueError):
        return set()


def _inputs(graph: Graph, device: str) -> dict[str, Tensor]:
    """Return zeros for one sample; whole numbers for what is looked up in an embedding."""
    looked_up: set[int] = set()
    for at, node in reversed(list(enumerate(graph.nodes))):
        if node.op == "embed" or (at in looked_up and node.op in _REARRANGED):
            looked_up.update(node.inputs)
    return {
        node.path: torch.zeros(1, *node.output, device=device, dtype=torch.long if at in looked_up else torch.float32)
        for at, node in enumerate(graph.nodes)
        if node.layer is None
    }


@contextlib.contextmanager
def _watched(model: nn.Module, recorder: Recorder) -> Iterator[None]:
    """Tell the recorder which module runs, and which modules are one call."""
    started: list[tuple[int, Any]] = []

    def before(name: str, module: nn.Module) -> Callable[..., None]:
        def enter(_module: nn.Module, args: Any, kwargs: Any) -> None:
            recorder.here.append(name)
            if isinstance(module, WHOLE):
                recorder.inside += 1
                started.append((recorder.counter.macs, (args, kwargs)))

        return enter

    def after(module: nn.Module) -> Callable[..., None]:
        def leave(_module: nn.Module, _args: Any, result: Any) -> None:
            if isinstance(module, WHOLE):
                recorder.inside -= 1
                macs, inputs = started.pop()
                if result is not None and not recorder.inside:
                    recorder.whole(module, inputs, result, recorder.counter.macs - macs)
            recorder.here.pop()

        return leave

    handles = []
    for name, module in model.named_modules():
        handles.append(module.register_forward_pre_hook(before(name, module), with_kwargs=True))
        handles.append(module.register_forward_hook(after(module), always_call=True))
    try:
        recurrent = any(isinstance(each, nn.RNNBase) for each in model.modules())
        with unfused_recurrence() if recurrent else contextlib.nullcontext():
            yield
    finally:
        for handle in handles:
            handle.remove()


def _recording(
    recorder: Recorder,
    model: nn.Module,
    calls: list[Call],
    wanted: list[bool],
    outputs: tuple[Shape, ...],
    device: str,
) -> Recording:
    """Return what was recorded without training heads and paddings that became part of a layer, numbered anew."""
    kept = [at for at, call in enumerate(calls) if wanted[at] and call.kind]
    number = {at: place for place, at in enumerate(kept)}
    renumbered = tuple(
        replace(calls[at], reads=frozenset(number.get(read, read) for read in calls[at].reads)) for at in kept
    )
    parameters = dict(model.named_parameters())
    return Recording(
        renumbered,
        outputs,
        sum(each.numel() for each in parameters.values()),
        sum(each.numel() for each in parameters.values() if each.requires_grad),
        {name: each.numel() for name, each in parameters.items() if id(each) not in recorder.seen},
        device,
    )


def _named(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from model.named_parameters()
    yield from model.named_buffers()
