"""archcalc list: what there is."""

from typing import TYPE_CHECKING, Annotated

import typer

from archcalc.cli import options as o
from archcalc.cli.output import ENDINGS, choose_format, deliver

if TYPE_CHECKING:
    from archcalc.listing import Entry


def list_command(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORD]...", help="Only networks whose name, title, task or variants say so."),
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option("--format", "-f", metavar="NAME", help="terminal, markdown, latex, html, csv, tsv, json."),
    ] = None,
    si: Annotated[bool, typer.Option("--si/--exact", help="Short numbers (25.6 M) or exact ones.")] = True,
    ascii_: o.Ascii = False,
    lang: Annotated[str, typer.Option("--lang", metavar="en|zh", help="Language of headings.")] = "en",
    output: o.Output = None,
    path: o.Folders = None,
    limit: o.Limit = None,
    unsafe_limits: o.UnsafeLimits = False,
    errors: o.Errors = "text",
) -> None:
    """List the networks there are, with their variants, parameters and MACs.

    \b
    archcalc list
    archcalc list resnet
    archcalc list segmentation --format json
    """
    from archcalc.cli.output import can_show
    from archcalc.listing import entries

    console = o.console(context)
    form = choose_format(format_, output, ENDINGS, "terminal")
    library = o.library(path, limit, unsafe=unsafe_limits)
    found, problems = entries(library, tuple(words or ()), lambda names: console.progress(names, "list"))
    console.problems(problems, kind="warning")
    if form == "json":
        text = _json(found)
    else:
        ascii_ = ascii_ or (form == "terminal" and output in (None, "-") and not can_show("─×"))
        text = _table(found, form, lang=lang, si=si, ascii=ascii_)
    deliver(text, output)
    if not found:
        console.note(f"nothing matches {' '.join(words or ())}; 'archcalc list' shows all")
        raise typer.Exit(1)


def _table(found: "list[Entry]", form: str, *, lang: str, si: bool, ascii: bool) -> str:
    """Return the networks as a table, one section a task."""
    from itertools import groupby

    from archcalc.render import write
    from archcalc.render.options import check
    from archcalc.render.text import number, short
    from archcalc.render.view import Cell, Column, Look, Section, Table

    check("lang", lang, ("en", "zh"))
    zh = lang == "zh" and not ascii
    headings = (
        ("网络", "标题", "年份", "变体", "参数量", "乘加")
        if zh
        else ("Network", "Title", "Year", "Variants", "Parameters", "MACs")
    )
    sides = ("left", "left", "left", "left", "right", "right")
    keys = ("target", "title", "year", "variants", "params", "macs")
    columns = tuple(
        Column(key, heading, side, flows=" " if key in ("title", "variants") else "")  # type: ignore[arg-type]
        for key, heading, side in zip(keys, headings, sides, strict=True)
    )

    def count(value: int) -> Cell:
        return Cell(short(value) if si else number(value, ascii=ascii), value)

    sections = tuple(
        Section(
            tuple(
                (
                    Cell(entry.target),
                    Cell(entry.title),
                    Cell(str(entry.year or ""), entry.year),
                    Cell("; ".join(" ".join(options) for _, options in entry.variants)),
                    count(entry.params),
                    count(entry.macs),
                )
                for entry in members
            ),
            title=task.replace("_", " "),
        )
        for task, members in groupby(found, key=lambda entry: entry.task)
    )
    title = f"{len(found)} 个网络" if zh else f"{len(found)} networks"
    note = (
        "参数量与乘加为默认变体；'archcalc table 网络/变体' 显示任一变体。" if zh
        else "Parameters and multiply-adds of the default variant; 'archcalc table NETWORK/VARIANT' shows any."
    )  # fmt: skip
    return write(Table(title, columns, sections, (note,)), form, Look(ascii=ascii, lang="zh" if zh else "en"))


def _json(found: "list[Entry]") -> str:
    import json

    return json.dumps(
        {
            "schema": 1,
            "networks": [
                {
                    "target": entry.target,
                    "title": entry.title,
                    "task": entry.task or None,
                    "year": entry.year,
                    "variants": {axis: list(options) for axis, options in entry.variants},
                    "params": entry.params,
                    "macs": entry.macs,
                }
                for entry in found
            ],
        },
        ensure_ascii=False,
        indent=2,
    )
