"""archcalc verify: every expectation of every spec, compared."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from archcalc.cli import options as o
from archcalc.errors import COMMAND_LINE

if TYPE_CHECKING:
    from archcalc.cli.console import Console
    from archcalc.expectations import Verdict
    from archcalc.spec.library import Library
    from archcalc.torch_backend.compare import Comparison

_DEVICES: Final = ("meta", "cpu", "cuda")


def verify_command(
    context: typer.Context,
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TARGET | DIR]...", help="Networks, files or folders of specs."),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every built-in spec.")] = False,
    torch: Annotated[
        bool, typer.Option("--torch", help="Also run every network in torch and compare it layer by layer.")
    ] = False,
    device: Annotated[
        str | None,
        typer.Option("--device", metavar="NAME", help="With --torch: meta (the default; no memory), cpu or cuda."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show what is wrong, and nothing else.")] = False,
    path: o.Folders = None,
    limit: o.Limit = None,
    unsafe_limits: o.UnsafeLimits = False,
    errors: o.Errors = "text",
) -> None:
    """Compare every expected shape and total of a spec with what it gives.

    Exit code 0 if all hold, 1 if one does not, 2 if a spec cannot be read.

    \b
    archcalc verify --all
    archcalc verify resnet
    archcalc verify my_net.yaml
    archcalc verify my_specs/ --errors github
    archcalc verify resnet/50 --torch
    """
    from archcalc.cli.output import deliver
    from archcalc.errors import Problem, TargetError

    if torch:
        from archcalc.torch_backend import need_torch

        need_torch(device or "meta")
    if device is not None and (not torch or device not in _DEVICES):
        wrong = f"'{device}' is not one of {', '.join(_DEVICES)}" if torch else "it needs --torch"
        raise TargetError([Problem("E033", f"--device: {wrong}", origin=COMMAND_LINE)])
    console = o.console(context)
    library = o.library(path, limit, unsafe=unsafe_limits)
    names = _expand(targets or [], library, everything=all_)
    if not names:
        raise TargetError(
            [Problem("E085", "nothing to verify; name targets or a folder, or say --all", origin=COMMAND_LINE)]
        )
    verdicts: list[Verdict] = []
    compared: dict[str, Comparison] = {}
    broken = False
    for name in console.progress(names, "verify"):
        found, whole = _verify(name, library, console)
        verdicts += found
        broken = broken or not whole
        if torch:
            compared |= _compare(found, library, device or "meta", console)
    said = [problem for verdict in verdicts for problem in (*verdict.errors, *verdict.findings)]
    said += [problem for comparison in compared.values() for problem in comparison.problems]
    console.problems(dict.fromkeys(said))  # two variants may share an expectation
    if not quiet:
        deliver(_summary(verdicts, compared))
    if broken or any(verdict.errors for verdict in verdicts):
        raise typer.Exit(2)
    if any(verdict.findings for verdict in verdicts) or any(each.problems for each in compared.values()):
        raise typer.Exit(1)


def _expand(targets: list[str], library: "Library", *, everything: bool) -> list[str]:
    """Return targets with folders replaced by the specs in them."""
    from archcalc.errors import Problem, TargetError
    from archcalc.spec.library import builtin_folder, spec_files

    names: list[str] = []
    if everything:
        names += [file.stem for file in spec_files(builtin_folder())]
    for target in targets:
        folder = Path(target)
        if not folder.is_dir() or library.find(target):
            names.append(target)
            continue
        files = [str(file) for file in spec_files(folder)]
        if not files:
            message = f"no spec in the folder {target}; a spec's first key is 'archcalc: 1'"
            raise TargetError([Problem("E085", message, origin=COMMAND_LINE)])
        names += files
    return names


def _verify(name: str, library: "Library", console: "Console") -> "tuple[list[Verdict], bool]":
    """Return the verdicts of one target, and whether it could be read at all."""
    from archcalc.api import open_document
    from archcalc.errors import ArchcalcError
    from archcalc.expectations import shadowed_flags, verify
    from archcalc.spec.target import parse_target

    try:
        target = parse_target(name)
        document, folder = open_document(target, library)
        console.problems(shadowed_flags(document), kind="warning")
        return list(verify(document, target, library, folder)), True
    except ArchcalcError as error:
        console.problems(error.problems)
        return [], False


def _compare(verdicts: "list[Verdict]", library: "Library", device: str, console: "Console") -> "dict[str, Comparison]":
    """Return what torch says about each network that could be expanded and fits on the device."""
    from archcalc.analysis import analyze
    from archcalc.api import load
    from archcalc.torch_backend.compare import compare, too_large

    compared = {}
    for name in [verdict.target for verdict in verdicts if not verdict.errors]:
        graph = load(name, library=library)
        report = analyze(graph, library.limits)
        if reason := too_large(report, device):
            console.note(f"{name}: {reason}")
        else:
            compared[name] = compare(graph, report, device)
    return compared


def _summary(verdicts: "list[Verdict]", compared: "dict[str, Comparison]") -> str:
    lines = []
    width = max((len(verdict.target) for verdict in verdicts), default=0)
    for verdict in verdicts:
        if verdict.errors:
            said = "cannot be expanded"
        elif verdict.findings:
            said = f"{len(verdict.findings)} of {verdict.expected} expectations fail"
        elif verdict.expected:
            said = f"ok, {verdict.expected} expectation{'s' if verdict.expected > 1 else ''}"
        else:
            said = "ok, but it expects nothing"
        comparison = compared.get(verdict.target)
        lines.append(f"{verdict.target:<{width}}  {said}" + (f"; {comparison}" if comparison else ""))
    good = sum(not verdict.errors and not verdict.findings for verdict in verdicts)
    expected = sum(verdict.expected for verdict in verdicts)
    lines.append(f"{good} of {len(verdicts)} networks as expected, {expected} expectations compared")
    if compared:
        lines.append(_torch_summary(compared))
    return "\n".join(lines)


def _torch_summary(compared: "dict[str, Comparison]") -> str:
    good = sum(not comparison.problems for comparison in compared.values())
    verified = sum(comparison.outcomes.get("verified", 0) for comparison in compared.values())
    rows = sum(len(comparison.rows) for comparison in compared.values())
    return f"{good} of {len(compared)} networks as torch has them, {verified:,} of {rows:,} layers verified"
