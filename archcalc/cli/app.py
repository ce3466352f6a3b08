"""The commands, by name. Each lives in a file of its own and imports what it needs when it runs."""

from types import MappingProxyType
from typing import Annotated, Final

import typer

from archcalc.lazy import resolve

COMMANDS: Final = MappingProxyType(
    {
        "table": "archcalc.cli.table:table_command",
        "list": "archcalc.cli.list:list_command",
        "show": "archcalc.cli.show:show_command",
        "layers": "archcalc.cli.layers:layers_command",
        "explain": "archcalc.cli.explain:explain_command",
        "memory": "archcalc.cli.memory:memory_command",
        "draw": "archcalc.cli.draw:draw_command",
        "verify": "archcalc.cli.verify:verify_command",
        "check": "archcalc.cli.check:check_command",
        "sweep": "archcalc.cli.sweep:sweep_command",
        "worksheet": "archcalc.cli.worksheet:worksheet_command",
        "solve": "archcalc.cli.solve:solve_command",
        "compare": "archcalc.cli.compare:compare_command",
        "conventions": "archcalc.cli.conventions:conventions_command",
        "reconcile": "archcalc.cli.reconcile:reconcile_command",
        "export": "archcalc.cli.export:export_command",
        "docs": "archcalc.cli.docs:docs_command",
        "schema": "archcalc.cli.schema:schema_command",
    }
)


def build_app(arguments: list[str]) -> typer.Typer:
    """Return the command line, with the command that is asked for, or with all of them.

    Typer reads the options of every command it knows, which would cost more than most commands do.
    """
    app = typer.Typer(
        help="The calculator of record for neural-network architectures: shapes, parameters, multiply-adds.",
        epilog="Start with: archcalc table alexnet",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(_root)
    wanted = arguments[0] if arguments and arguments[0] in COMMANDS else None
    for name in COMMANDS if wanted is None else (wanted,):
        app.command(name)(resolve(COMMANDS[name]))
    return app


def _version(value: bool) -> None:
    if value:
        from archcalc import __version__

        typer.echo(f"archcalc {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
