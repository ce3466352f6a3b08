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

_FORMATS = ("text", "terminal", "markdown", "latex", "html", "csv", "tsv", "json")


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
    from archcalc.render.options import check

    form = choose_format(format_, output, ENDINGS, "text")
    check("format", form, _FORMATS)
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
    ascii_ = ascii_ or (output in (None, "-") and form in ("text", "terminal") and not can_show("─×⌊"))
    found = None
    if key is not None:
        found = _judged(_read(key), report, framework, lang)
        for line in _about_key(found, lang):
            console.note(line)
    if class_ is not None:
        _class(class_, report, framework, lang, points or 100, form, output, found, ascii=ascii_)
        return
    result = _result(answers, expr, claim, report, framework, lang)
    if found is not None:
        from archcalc.homework.grade import with_key

        result = with_key(result, found)
    if points is not None:
        from archcalc.homework.grade import grade

        result = result._replace(remarks=(*result.remarks, grade(result, points).text(lang)))
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
    from archcalc.homework.alone import judge_text
    from archcalc.homework.judge import Result, judge

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
    from archcalc.homework.verdict import words

    if report is None:
        rebuilt = rebuild(sheet)
        if rebuilt is not None:
            result = judge(sheet, rebuilt, framework=framework, lang=lang)
            return result._replace(target=None, remarks=(words(lang).itself,))
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
        is_utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")  # what spreadsheets and Windows shells write
        return read_sheet(data.decode("utf-16" if is_utf16 else "utf-8-sig"))
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


def _about_key(key: "Result", lang: str) -> list[str]:
    """Return what is wrong with a key, before anybody is graded with it."""
    from archcalc.homework.present import verdict_name
    from archcalc.homework.verdict import FINE, shown, words

    said = words(lang)
    bad = [cell for cell in key.cells if cell.verdict not in FINE]
    lines = [said.key.format(cells=len(key.cells), bad=len(bad))]
    for cell in bad:
        name, right = cell.name or cell.layer or "", "?" if cell.expected is None else shown(cell.expected)
        verdict = verdict_name(cell.verdict, lang)
        lines.append(
            said.key_cell.format(
                row=cell.row, name=name, column=cell.column, given=cell.given, verdict=verdict, expected=right
            )
        )
    return lines


def _class(
    folder: Path,
    report: "Report | None",
    framework: str | None,
    lang: str,
    points: int,
    form: str,
    output: str | None,
    key: "Result | None",
    *,
    ascii: bool,
) -> None:
    from archcalc.errors import ArchcalcError, Problem, TargetError
    from archcalc.homework.grade import HandIn, class_table, grade, with_key
    from archcalc.homework.verdict import FINE

    if not folder.is_dir():
        raise TargetError([Problem("E085", f"{folder} is no folder", origin=COMMAND_LINE)])
    files = sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    if not files:
        raise TargetError([Problem("E085", f"no files in the folder {folder}", origin=COMMAND_LINE)])
    answers: list[HandIn] = []
    unread: list[tuple[str, str]] = []
    for file in files:
        try:
            result = _judged(_read(str(file)), report, framework, lang)
        except ArchcalcError as error:
            reason = error.problems[0].message.removeprefix(f"{file}").removeprefix(": ").strip()
            unread.append((file.name, reason))
            continue
        result = with_key(result, key) if key is not None else result
        answers.append(HandIn(file.name, result, grade(result, points)))
    name = "terminal" if form == "text" else form
    deliver(class_table(answers, unread, name, lang, ascii=ascii), output)
    if unread or any(cell.verdict not in FINE for answer in answers for cell in answer.result.cells):
        raise typer.Exit(1)
