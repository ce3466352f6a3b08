"""torch on the other side: the network of a spec as a real module, run, and compared with the report.

`builders` knows how torch writes each layer and `recipes` what such an answer looks like; neither imports torch.
`network` runs them, `count` counts multiply-adds from the operations that torch dispatches, `compare` holds both
accounts side by side, and `export` prints a network as a file of its own. `foreign` compares a spec with a model that
somebody else has written.
"""

from archcalc.errors import COMMAND_LINE, Problem, TargetError


def need_torch(device: str = "meta") -> None:
    """Raise TargetError where torch, or the device asked for, is not there."""
    try:
        import torch
    except ImportError:
        message = "this needs torch; to install it: pip install 'archcalc[torch]'"
        raise TargetError([Problem("E033", message, origin=COMMAND_LINE)]) from None
    if device == "cuda" and not torch.cuda.is_available():
        message = "--device: torch finds no CUDA device here; meta and cpu always work"
        raise TargetError([Problem("E033", message, origin=COMMAND_LINE)])


def use_threads(count: int) -> None:
    """Let torch's kernels use so many threads in this process: processes that run side by side share the machine."""
    import torch

    torch.set_num_threads(count)
