"""Files for torch."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from archcalc import torch_backend
from archcalc.export.framework import Framework
from archcalc.quantities import Shape
from archcalc.torch_backend.builders import recipe


def _head(title: str, said: str, own: bool) -> list[str]:
    return [
        f'"""{title}',
        "",
        said,
        '"""',
        "",
        "import torch",
        "import torch.nn.functional as F",
        "from torch import Tensor, nn" if own else "from torch import nn",
    ]


def _tail(name: str, inputs: Mapping[str, Shape]) -> list[str]:
    zeros = ", ".join(f"torch.zeros(1, {', '.join(map(str, shape))})" for shape in inputs.values())
    return [
        'if __name__ == "__main__":',
        f"    net = {name}().eval()",
        '    print(f"{sum(p.numel() for p in net.parameters()):,} parameters")',
        "    with torch.no_grad():",
        f"        made = net({zeros})",
        "    for y in made if isinstance(made, tuple) else (made,):",
        "        print(tuple(y.shape))",
    ]


def _tidy(text: str) -> str:
    unused = not re.search(r"\bF\b", text.partition("functional as F")[2])
    return text.replace("import torch.nn.functional as F\n", "") if unused else text


TORCH: Final = Framework(
    name="torch",
    build=recipe,
    definitions=Path(torch_backend.__file__).with_name("modules.py"),
    block="nn.Module",
    network="nn.Module",
    run="forward",
    arguments=(),
    training="self.training",
    sequence=("nn.Sequential(", ")"),
    # names that a module of torch already uses for itself
    taken=frozenset((
        "T", "add_module", "apply", "bfloat16", "buffers", "call_super_init", "children", "compile", "cpu", "cuda",
        "double", "dump_patches", "eval", "extra_repr", "float", "forward", "get_buffer", "get_extra_state",
        "get_parameter", "get_submodule", "half", "ipu", "load_state_dict", "modules", "mtia", "named_buffers",
        "named_children", "named_modules", "named_parameters", "nn", "parameters", "register_backward_hook",
        "register_buffer", "register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook",
        "register_full_backward_pre_hook", "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook", "register_module", "register_parameter",
        "register_state_dict_post_hook", "register_state_dict_pre_hook", "requires_grad_", "self",
        "set_extra_state", "set_submodule", "share_memory", "state_dict", "to", "to_empty", "torch", "train",
        "training", "type", "xpu", "zero_grad", "F",
    )),
    head=_head,
    tail=_tail,
    tidy=_tidy,
)  # fmt: skip
