"""`archcalc compare TARGET MODULE:FACTORY --trust-code`: a spec against somebody's own torch model."""

from typing import TYPE_CHECKING, Any, Final

from archcalc.cli.options import wrong
from archcalc.cli.output import ENDINGS, can_show, choose_format, deliver
from archcalc.errors import did_you_mean

if TYPE_CHECKING:
    from archcalc.spec.library import Library

_FORMATS: Final = tuple(dict.fromkeys(ENDINGS.values()))


def against_model(
    target: str,
    source: str,
    library: "Library",
    *,
    params: dict[str, Any] | None = None,
    input: Any = None,
    format: str | None = None,
    lang: str = "en",
    ascii: bool = False,
    output: str | None = None,
) -> int:
    """Write where a spec and a torch model part; return 0 if they are the same network, else 1.

    The model's code is imported and run, so this is called with the user's consent only.

    Args:
        target: the spec, or a chain of layers with an `input`.
        source: the model, "module:factory" or "file.py:factory".
        library: where specs are found.
        params: as `--set` says.
        input: as `--input` says.
        format: one of those of a table, or json; None for what `output` ends in.
        lang: "en" or "zh".
        ascii: no other characters.
        output: a file; None for stdout.

    Raises:
        TargetError: torch is missing, a name means nothing, or the user's code fails.
    """
    form = choose_format(format, output, ENDINGS, "terminal")
    if form not in _FORMATS:
        raise wrong(f"'{form}' is no format{did_you_mean(form, _FORMATS)}; {', '.join(_FORMATS)}")
    if lang not in ("en", "zh"):
        raise wrong(f"--lang: '{lang}' is not one of en, zh")
    from archcalc.analysis import analyze
    from archcalc.api import load
    from archcalc.explain.chain import is_chain, load_chain
    from archcalc.torch_backend import need_torch

    need_torch()
    from archcalc.torch_backend.foreign import compare_module
    from archcalc.torch_backend.foreign.present import text

    if is_chain(target, has_input=input is not None):
        graph = load_chain(target, input, library, ())
    else:
        graph = load(target, params or {}, input, library=library)
    parting = compare_module(graph, analyze(graph, library.limits), source)
    to_terminal = form == "terminal" and output in (None, "-")
    ascii = ascii or (to_terminal and not can_show("─×"))
    deliver(text(parting, form, lang="zh" if lang == "zh" else "en", ascii=ascii), output)
    return 0 if parting.same else 1
