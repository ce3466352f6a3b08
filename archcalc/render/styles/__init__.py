"""STYLES: what a table shows. A style is one function (Report, Look) → Table; a new one is one line here."""

from types import MappingProxyType
from typing import Final

STYLES: Final = MappingProxyType(
    {
        "summary": "archcalc.render.styles.summary:summary",
        "lecture": "archcalc.render.styles.lecture:lecture",
        "lenet": "archcalc.render.styles.lenet:lenet",
        "ops": "archcalc.render.styles.ops:ops",
        "keras": "archcalc.render.styles.keras:keras",
        "stages": "archcalc.render.styles.stages:stages",
    }
)
