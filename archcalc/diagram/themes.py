"""THEMES: the colours of a figure: one fill a family of layers, and those of lines, texts and paper."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

FAMILIES: Final = (
    "conv", "pool", "norm", "activation", "linear", "recurrent", "attention", "merge", "shape", "region", "value",
)  # fmt: skip


class Theme(NamedTuple):
    """Colours as #rrggbb; `fills` by family of layers, with "input", "output" and "block" beside them."""

    paper: str
    ink: str
    faint: str
    line: str
    accent: str
    cluster: tuple[str, str]
    cluster_line: str
    fills: Mapping[str, str]

    def fill(self, family: str) -> str:
        """Return the fill of a family."""
        return self.fills.get(family, self.fills["value"])


def _fills(*colours: str) -> Mapping[str, str]:
    return MappingProxyType(dict(zip((*FAMILIES, "input", "output", "block"), colours, strict=True)))


THEMES: Final = MappingProxyType(
    {
        "default": Theme(
            "#ffffff", "#1b1f24", "#57606a", "#4b5563", "#b4540a", ("#f6f8fa", "#eef2f6"), "#c4ccd6",
            _fills("#bcd7f5", "#f6c6bd", "#e3daf4", "#fbe7ab", "#c5e8c6", "#b7e4dd", "#f5c8e0", "#e3e6ea", "#eae3d9",
                   "#f9d3a8", "#eceff2", "#ffffff", "#ffffff", "#d5e3f3"),
        ),
        # greys that stay apart on a black-and-white printer
        "mono": Theme(
            "#ffffff", "#000000", "#404040", "#202020", "#000000", ("#ffffff", "#f7f7f7"), "#909090",
            _fills("#d4d4d4", "#ffffff", "#f2f2f2", "#f2f2f2", "#bdbdbd", "#c9c9c9", "#c9c9c9", "#ffffff", "#ffffff",
                   "#e4e4e4", "#ffffff", "#ffffff", "#ffffff", "#e4e4e4"),
        ),
        "dark": Theme(
            "#0f1419", "#e6edf3", "#9aa7b4", "#8b98a5", "#f0a35e", ("#161c23", "#1c242d"), "#39434e",
            _fills("#1f4f86", "#8a3a2d", "#54407f", "#77600f", "#27683a", "#1c6a62", "#7d2f5d", "#3d4650", "#56493a",
                   "#8a5716", "#303841", "#161c23", "#161c23", "#2d4763"),
        ),
        # Okabe and Ito's palette, lightened; families that are often neighbours also differ in lightness
        "safe": Theme(
            "#ffffff", "#000000", "#444444", "#333333", "#d55e00", ("#f8f8f8", "#f0f0f0"), "#b0b0b0",
            _fills("#7fbde3", "#e8a06a", "#f0e9b0", "#faf5d7", "#66c2a5", "#2f9e82", "#dba3c3", "#dddddd", "#f0f0f0",
                   "#f3c15d", "#eeeeee", "#ffffff", "#ffffff", "#c5dff0"),
        ),
    }
)  # fmt: skip
