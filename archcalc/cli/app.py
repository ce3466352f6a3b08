"""The commands, by name. Each lives in a file of its own and imports what it needs when it runs."""

from typing import Annotated

import typer

from archcalc.cli.layers import layers_command
from archcalc.cli.list import list_command
from archcalc.cli.schema import schema_command
from archcalc.cli.show import show_command
from archcalc.cli.table import table_command
from archcalc.cli.verify import verify_command

app = typer.Typer(
    help="The calculator of record for neural-network architectures: shapes, parameters, multiply-adds.",
    epilog="Start with: archcalc table alexnet",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("table")(table_command)
app.command("list")(list_command)
app.command("show")(show_command)
app.command("layers")(layers_command)
app.command("verify")(verify_command)
app.command("schema")(schema_command)


def _version(value: bool) -> None:  # noqa: FBT001  (Typer calls it so)
    if value:
        from archcalc import __version__

        typer.echo(f"archcalc {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
