"""archcalc schema: the JSON Schema of the spec language, for editors."""

import typer

from archcalc.cli import options as o
from archcalc.cli.output import deliver


def schema_command(context: typer.Context, output: o.Output = None) -> None:
    """Print the JSON Schema (draft-07) of specs, for completion in editors.

    \b
    archcalc schema -o spec.schema.json
    then, as the first line of a spec:
    # yaml-language-server: $schema=spec.schema.json
    """
    import json

    from archcalc.spec.schema import spec_schema

    deliver(json.dumps(spec_schema(), ensure_ascii=False, indent=2), output)
