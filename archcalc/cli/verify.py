"""archcalc verify: every expectation of every spec, compared."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from archcalc.cli import options as o
from archcalc.errors import COMMAND_LINE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archcalc.errors import Problem
    from archcalc.expectations import Verdict
    from archcalc.spec.library import Library
    from archcalc.torch_backend.compare import Comparison

_DEVICES: Final = ("meta", "cpu", "cuda")
_MANY: Final = 8  # targets that are worth starting several processes


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
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", metavar="N", min=1, help="Processes; with --torch and many networks all processors."),
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
    archcalc verify --all --torch --jobs 4
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
    chosen = (device or "meta") if torch else None
    verdicts: list[Verdict] = []
    compared: dict[str, Comparison] = {}
    broken = False
    with console.counter("verify") as show:
        for number, account in enumerate(accounts(names, library, chosen, jobs or _processes(names, chosen)), 1):
            console.problems(account.warnings, kind="warning")
            console.problems(account.errors)
            for note in account.notes:
                console.note(note)
            verdicts += account.verdicts
            compared |= account.compared
            broken = broken or bool(account.errors)
            show(number, len(names))
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


class Account(NamedTuple):
    """What was found about one target: verdicts on its variants, what torch says of each, and what must be said."""

    verdicts: "tuple[Verdict, ...]"
    compared: "Mapping[str, Comparison]"
    warnings: "tuple[Problem, ...]" = ()
    errors: "tuple[Problem, ...]" = ()
    notes: tuple[str, ...] = ()


def accounts(names: "Sequence[str]", library: "Library", device: str | None, jobs: int) -> "Iterator[Account]":
    """Yield an account of each target, in their order; by several processes if `jobs` is more than one.

    Args:
        names: targets.
        library: where specs are found.
        device: where torch runs, or None for no comparison with torch.
        jobs: processes; each may take its share of the memory that is free.
    """
    jobs = 1 if "-" in names else min(jobs, len(names))  # there is one stdin
    if jobs == 1:
        yield from (account(name, library, device) for name in names)
        return
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    from archcalc.errors import Problem, TargetError

    tasks = [(name, library, device, jobs) for name in names]
    try:
        with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:  # a fork would copy torch's threads
            yield from pool.map(_account_elsewhere, tasks)
    except BrokenProcessPool:
        message = f"--jobs {jobs}: a process was ended, by lack of memory perhaps; fewer need less"
        raise TargetError([Problem("E033", message, origin=COMMAND_LINE)]) from None


def account(name: str, library: "Library", device: str | None, share: int = 1) -> Account:
    """Return what was found about one target; `share`: how many do this at once."""
    from archcalc.api import open_document
    from archcalc.errors import ArchcalcError
    from archcalc.expectations import shadowed_flags, verify
    from archcalc.spec.target import parse_target

    try:
        target = parse_target(name)
        document, folder = open_document(target, library)
        warnings = tuple(shadowed_flags(document))
        verdicts = tuple(verify(document, target, library, folder))
    except ArchcalcError as error:
        return Account((), {}, errors=error.problems)
    compared, notes = _compare(verdicts, library, device, share) if device else ({}, [])
    return Account(verdicts, compared, warnings, notes=tuple(notes))


def _account_elsewhere(task: "tuple[str, Library, str | None, int]") -> Account:
    name, library, device, jobs = task
    if device:
        from archcalc.torch_backend import use_threads

        use_threads(max(1, processors() // jobs))
    return account(name, library, device, jobs)


def _processes(names: "Sequence[str]", device: str | None) -> int:
    """Return how many processes pay: each imports torch first, and a GPU is one."""
    return processors() if device in ("meta", "cpu") and len(names) >= _MANY else 1


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _compare(
    verdicts: "Sequence[Verdict]", library: "Library", device: str, share: int
) -> "tuple[dict[str, Comparison], list[str]]":
    """Return what torch says about each network that could be expanded, and why one does not fit on the device."""
    from archcalc.analysis import analyze
    from archcalc.api import load
    from archcalc.torch_backend.compare import compare, too_large

    compared, notes = {}, []
    for name in [verdict.target for verdict in verdicts if not verdict.errors]:
        graph = load(name, library=library)
        report = analyze(graph, library.limits)
        if reason := too_large(report, device, share):
            notes.append(f"{name}: {reason}")
        else:
            compared[name] = compare(graph, report, device)
    return compared, notes


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
