"""archcalc list: what there is."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcalc.cli import options as o
from archcalc.cli.output import choose_format, deliver

if TYPE_CHECKING:
    from archcalc.spec.library import Library

ENDINGS = {".txt": "terminal", ".json": "json", ".md": "markdown", ".csv": "csv", ".tsv": "tsv", ".html": "html", ".tex": "latex"}  # fmt: skip


def list_command(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]...", help="Only networks whose name, title, task or variants say so.")
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", "-f", metavar="NAME", help="terminal, markdown, latex, html, csv, tsv, json.")
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
    from archcalc.catalog import catalog
    from archcalc.render import entries

    console = o.console(context)
    form = choose_format(format_, output, ENDINGS, "terminal")
    library = o.library(path, limit, unsafe=unsafe_limits)
    found, problems = catalog(library, tuple(words or ()), lambda names: console.progress(names, "list"))
    console.problems(problems, kind="warning")
    deliver(entries(found, format=form, si=si, lang=lang, ascii=ascii_), output)
    if not found:
        console.note(f"nothing matches {' '.join(words or ())}; 'archcalc list' shows all")
        raise typer.Exit(1)
