"""Layers without a spec: a chain as it stands in one, and what goes in."""

import re
from typing import Any, Final

from archcalc.api import load_choice, parse_inputs
from archcalc.errors import COMMAND_LINE, Source
from archcalc.graph import Graph
from archcalc.layers.catalogue import ALIASES, LAYERS, MERGES
from archcalc.spec.library import SUFFIXES, Library
from archcalc.spec.parameters import Wishes
from archcalc.spec.target import choose

_FILE: Final = re.compile(rf"\.({'|'.join(suffix[1:] for suffix in SUFFIXES)})(?=$|[:/])")


def is_chain(text: str, *, has_input: bool) -> bool:
    """Tell whether a text is a chain of layers and no target.

    It is if it has an arrow or a blank and names no file, or if it is a layer type and there is an input for it.

    >>> is_chain("conv 96 11x11 /4", has_input=True), is_chain("my nets/a.yaml", has_input=False)
    (True, False)
    >>> is_chain("relu", has_input=True), is_chain("lstm", has_input=False)
    (True, False)
    """
    if "->" in text:
        return True
    if " " in text.strip():
        return _FILE.search(text) is None
    return has_input and (text in LAYERS or text in MERGES or text in ALIASES)


def load_chain(chain: str, inputs: Any, library: Library, symbols: tuple[str, ...] = ()) -> Graph:
    """Return the network of a chain; `symbols` are axes of its input that are free.

    Raises:
        ArchcalcError: the chain or the input is wrong.
    """
    # one line of a literal block: nothing in it is YAML, and columns of messages are those of the chain
    sizes = {name: "x".join(map(str, shape)) for name, shape in parse_inputs(inputs).items()}
    lines = "".join(f"\n  {name}: {size}" for name, size in sizes.items()) if "" not in sizes else f" {sizes['']}"
    text = f"archcalc: 1\ninput:{lines}\nlayers: |-\n  {' '.join(chain.split())}\n"
    document = library.parse(Source(COMMAND_LINE, text), "chain")
    return load_choice(
        document, choose(document, None, ()), Wishes(symbols=symbols), " ".join(chain.split()), library, None
    )
