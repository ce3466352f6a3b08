"""archcalc check: homework answers, cell by cell."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archcalc.cli import options as o
from archcalc.cli.output import ENDINGS, can_show, choose_format, deliver
from archcalc.errors import COMMAND_LINE

if TYPE_CHECKING:
    from archcalc.homework.judge import Result
    from archcalc.homework.sheet import Sheet
    from archcalc.report import Report
    from archcalc.spec.library import Library


def check_command(
    context: typer.Context,
    answers: Annotated[
        str | None,
        typer.Argument(metavar="[ANSWERS]", help="A table, a printout or plain text; - for a pipe."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="TARGET", help="The network: a target, a spec, or another printout."),
    ] = None,
    expr: Annotated[
        list[str] | None, typer.Option("--expr", metavar="TEXT", help='A calculation: "(5*5*3+1)*8 = 608".')
    ] = None,
    claim: Annotated[
        list[str] | None, typer.Option("--claim", metavar="TEXT", help='One figure: "conv2.params = 307K".')
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="FILE", help="The teacher's key; it is checked first.")
    ] = None,
    class_: Annotated[Path | None, typer.Option("--class", metavar="DIR", help="Grade every file of a folder.")] = None,
    points: Annotated[
        int | None, typer.Option("--points", metavar="N", min=1, help="Points for the whole sheet.")
    ] = None,
    framework: Annotated[
        str | None, typer.Option("--framework", metavar="NAME", help="Whose counting: keras, keras1 or torch.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show every cell, also those that are right.")] = False,
    set_: o.Set = None,
    input_: o.Input = None,
    format_: Annotated[
        str | None,
        typer.Option("--format", "-f", metavar="NAME", help="text, markdown, latex, html, csv, tsv or json."),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="en|zh", help="Language of verdicts.")] = "en",
    ascii_: o.Ascii = False,
    output: o.Output = None,
    path: o.Folders = None,
    limit: o.Limit = None,
    unsafe_limits: o.UnsafeLimits = False,
    errors: o.Errors = "text",
) -> None:
    """Judge homework answers: right, right under a convention, follow-on, wrong and why, undecided, unreadable.

    Exit code 0 if every cell is in order, 1 if one is not, 2 if the answers cannot be read.

    \b
    archcalc check answers.md --against lenet/keras28
    archcalc check summary.txt                  a printout, against itself
    archcalc check --expr "(5*5*3+1)*8 = 608"
    archcalc check --claim "conv2.params = 307K" --against alexnet/single
    archcalc check --class hand_ins/ --against alexnet --points 20
    """
    from archcalc.errors import Problem, TargetError
    from archcalc.homework.verdict import FINE

    form = choose_format(format_, output, ENDINGS, "text")
    if lang not in ("en", "zh"):
        raise typer.BadParameter(f"'{lang}' is not one of en, zh")
    if framework not in (None, "keras", "keras1", "torch"):
        raise typer.BadParameter(f"'{framework}' is not one of keras, keras1, torch")
    library = o.library(path, limit, unsafe=unsafe_limits)
    if answers is None and not expr and not claim and class_ is None:
        message = "nothing to check; name a file, or say --expr or --claim"
        raise TargetError([Problem("E085", message, origin=COMMAND_LINE)])
    report = _network(against, set_, input_, library) if against else None
    console = o.console(context)
    if key is not None:
        found = _judged(_read(key), report, framework, lang)
        bad = [cell for cell in found.cells if cell.verdict not in FINE]
        console.note(f"key: {len(found.cells)} cells, {len(bad)} not in order")
        for cell in bad:
            name = cell.name or cell.layer or ""
            console.note(f"key: row {cell.row} {name} {cell.column}: {cell.given} is {cell.verdict}; {cell.expected}")
    if class_ is not None:
        _class(class_, report, framework, lang, points or 100, form, output)
        return
    result = _result(answers, expr, claim, report, framework, lang)
    if key is not None:
        from archcalc.homework.grade import with_key

        result = with_key(result, found)
    if points is not None:
        from archcalc.homework.grade import grade

        result = result._replace(remarks=(*result.remarks, grade(result, points).text(lang)))
    ascii_ = ascii_ or (output in (None, "-") and form in ("text", "terminal") and not can_show("─×⌊"))
    deliver(_shown(result, form, lang, ascii=ascii_, everything=everything), output)
    if any(cell.verdict not in FINE for cell in result.cells):
        raise typer.Exit(1)


def _result(
    answers: str | None,
    expr: list[str] | None,
    claim: list[str] | None,
    report: "Report | None",
    framework: str | None,
    lang: str,
) -> "Result":
    from archcalc.homework.judge import Result, judge, judge_text

    cells = [cell for text in expr or () for cell in judge_text(text, lang=lang)]
    target = report.target if report else None
    form = "expression"
    remarks: tuple[str, ...] = ()
    if claim:
        from archcalc.homework.forms.document import read_claim
        from archcalc.homework.sheet import Sheet

        sheet = Sheet(tuple(table for text in claim for table in read_claim(text)), "claim")
        cells += judge(sheet, report, framework=framework, lang=lang).cells
    if answers is not None:
        found = _judged(_read(answers), report, framework, lang)
        cells += found.cells
        target, form, remarks = found.target, found.form, found.remarks
    return Result(target, tuple(cells), form, remarks)


def _judged(sheet: "Sheet", report: "Report | None", framework: str | None, lang: str) -> "Result":
    """Return the verdicts; without a network, the one that the sheet itself describes is used."""
    from archcalc.homework.judge import judge
    from archcalc.homework.rebuild import rebuild

    if report is None:
        rebuilt = rebuild(sheet)
        if rebuilt is not None:
            result = judge(sheet, rebuilt, framework=framework, lang=lang)
            return result._replace(target=None, remarks=("compared with the network that the sheet itself describes",))
    return judge(sheet, report, framework=framework, lang=lang)


def _network(against: str, set_: list[str] | None, input_: list[str] | None, library: "Library") -> "Report":
    """Return the network of a target, or the one that a printout in a file describes."""
    from archcalc.analysis import analyze
    from archcalc.api import load
    from archcalc.errors import Problem, TargetError

    file = Path(against)
    if file.suffix.lower() not in ("", ".yaml", ".yml", ".json") and file.is_file():
        from archcalc.homework.rebuild import rebuild

        rebuilt = rebuild(_read(against))
        if rebuilt is None:
            message = f"{against} does not describe a network completely; a spec or a summary would"
            raise TargetError([Problem("E085", message, origin=COMMAND_LINE)])
        return rebuilt
    return analyze(load(against, o.parameters(set_), o.inputs(input_), library=library), library.limits)


def _read(path: str) -> "Sheet":
    import sys

    from archcalc.errors import Problem, TargetError
    from archcalc.homework.forms import read_sheet
    from archcalc.homework.sheet import LARGEST_SHEET, SheetError

    try:
        if path == "-":
            data = sys.stdin.buffer.read(LARGEST_SHEET + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(LARGEST_SHEET + 1)
        return read_sheet(data.decode("utf-8-sig"))
    except OSError as error:
        message = f"cannot read {path}: {(error.strerror or str(error)).lower()}"
    except UnicodeDecodeError:
        message = f"{path} is not UTF-8 text"
    except SheetError as error:
        message = f"{path}: {error}"
    raise TargetError([Problem("E085", message, origin=COMMAND_LINE)])


def _shown(result: "Result", form: str, lang: str, *, ascii: bool, everything: bool) -> str:
    from archcalc.homework.present import as_document, as_table

    if form == "json":
        import json

        return json.dumps(as_document(result, lang), ensure_ascii=ascii, indent=2)
    name = "terminal" if form == "text" else form
    return as_table(result, name, lang=lang, everything=everything, ascii=ascii)


def _class(
    folder: Path,
    report: "Report | None",
    framework: str | None,
    lang: str,
    points: int,
    form: str,
    output: str | None,
) -> None:
    from archcalc.errors import ArchcalcError, Problem, TargetError
    from archcalc.homework.grade import class_table, grade
    from archcalc.homework.verdict import FINE

    files = sorted(file for file in folder.iterdir() if file.is_file()) if folder.is_dir() else []
    if not files:
        raise TargetError([Problem("E085", f"no files in the folder {folder}", origin=COMMAND_LINE)])
    grades, unread = [], []
    for file in files:
        try:
            result = _judged(_read(str(file)), report, framework, lang)
        except ArchcalcError:
            unread.append(file.name)
            continue
        grades.append((file.name, result, grade(result, points)))
    deliver(class_table(grades, unread, "terminal" if form == "text" else form, lang), output)
    if unread or any(cell.verdict not in FINE for _, result, _ in grades for cell in result.cells):
        raise typer.Exit(1)
