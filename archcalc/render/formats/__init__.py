"""FORMATS: how a table is written. A format is one function (Table, Look) → str; a new one is one line here.

`json` is not among them: it writes the report, not a table.
"""

from types import MappingProxyType
from typing import Final

FORMATS: Final = MappingProxyType(
    {
        "terminal": "archcalc.render.formats.terminal:terminal",
        "markdown": "archcalc.render.formats.markdown:markdown",
        "latex": "archcalc.render.formats.latex:latex",
        "html": "archcalc.render.formats.html:html",
        "csv": "archcalc.render.formats.delimited:csv",
        "tsv": "archcalc.render.formats.delimited:tsv",
    }
)
