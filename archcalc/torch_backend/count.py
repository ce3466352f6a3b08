"""Multiply-adds, counted from the operations that torch dispatches while a network runs.

The counter stands below autograd and above the kernels: modules, functions and operators look alike there, and
composite operations have been taken apart. Kernels that fuse a whole layer (recurrent layers, attention) would hide
their products, so `unfused` switches them off. An operation that looks like a product and is not in the table is an
error: nothing is missed silently.
"""

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import prod
from types import MappingProxyType
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode


class UncountedError(Exception):
    """torch ran a product of which the counter does not know the size."""


def _convolution(args: tuple[Any, ...], y: Tensor) -> int:
    x, weight, transposed = args[0], args[1], args[6]
    positions = x if transposed else y  # a transposed one spreads its kernel from every input position
    return int(weight.numel() * prod(positions.shape[2:]) * positions.shape[0])


def _product(left: int) -> Callable[[tuple[Any, ...], Tensor], int]:
    """Return the count of a matrix product whose left factor is the argument at `left`."""
    return lambda args, y: int(y.numel() * args[left].shape[-1])


# an operation of aten → its multiply-adds, from its arguments and its result
PRODUCTS: Final[Mapping[str, Callable[[tuple[Any, ...], Tensor], int]]] = MappingProxyType(
    {
        "convolution": _convolution,
        "_convolution": _convolution,
        "mm": _product(0),
        "bmm": _product(0),
        "addmm": _product(1),
        "baddbmm": _product(1),
        "mv": _product(0),
        "addmv": _product(1),
        "dot": _product(0),
    }
)
_LOOKS_LIKE_A_PRODUCT: Final = re.compile(r"conv|mm|mv|dot|linear|attention|rnn|lstm|gru|einsum|matmul|outer|addr")
# interpolation has linear in its name, and the cells that CUDA fuses hold no products
_IS_NONE: Final = re.compile(r"upsample|_thnn_fused_(lstm|gru)_cell|grid_sampler")


class Counter(TorchDispatchMode):
    """Adds up multiply-adds while it is active; `take` returns the sum and starts anew."""

    def __init__(self) -> None:
        super().__init__()
        self.macs = 0

    def take(self) -> int:
        """Return the multiply-adds since the last call."""
        counted, self.macs = self.macs, 0
        return counted

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = operation(*args, **(kwargs or {}))
        name = operation.overloadpacket.__name__
        count = PRODUCTS.get(name)
        if count is not None:
            self.macs += count(args, result)
        elif _LOOKS_LIKE_A_PRODUCT.search(name) and not _IS_NONE.search(name):
            raise UncountedError(f"torch ran {operation}, which hides how many products it takes")
        return result


@contextmanager
def unfused() -> Iterator[None]:
    """Switch off attention kernels and recurrent layers of cuDNN, for as long as the context lasts."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.backends.cudnn.flags(enabled=False), sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


@contextmanager
def unfused_recurrence() -> Iterator[None]:
    """Switch off the CPU's recurrent layers; its convolutions need the same library to be fast."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about settings of the same library that are left alone
        with torch.backends.mkldnn.flags(enabled=False):
            yield
