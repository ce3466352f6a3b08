"""Canvas → TikZ, a document of the class standalone; the same figure, set in the sans-serif font of LaTeX."""

from archcalc.diagram.canvas import Canvas, Mark, Path, Point, Text
from archcalc.diagram.svg import figure
from archcalc.render.text import latex

_HEAD = r"""\documentclass[tikz,border=0pt]{standalone}
\renewcommand\familydefault{\sfdefault}
\DeclareTextCommandDefault{\textquotedbl}{''}
"""
_CHINESE = "% compile with xelatex\n\\usepackage{ctex}\n"
_FOREIGN = "% compile with lualatex or xelatex, and a font that has these letters\n"
_LATIN = 0x24F  # the last letter that pdflatex sets


def tikz(canvas: Canvas) -> str:
    """Return a figure as a LaTeX document."""
    marks = [mark for group in canvas.groups for mark in group.marks]
    names = {colour: f"archcalc{index}" for index, colour in enumerate(_colours(canvas.paper, marks))}
    defined = "".join(f"\\definecolor{{{name}}}{{HTML}}{{{colour[1:].upper()}}}\n" for colour, name in names.items())
    letters = {char for mark in marks if isinstance(mark, Text) for char in mark.text if char.isalpha()}
    chinese = any(ord(char) > 0x2E80 for char in letters)
    foreign = any(ord(char) > _LATIN for char in letters)
    size = f"({figure(canvas.width)},{figure(canvas.height)})"
    body = "\n".join(_text(mark, names) if isinstance(mark, Text) else _path(mark, names) for mark in marks)
    return (
        f"{_HEAD}{_CHINESE if chinese else _FOREIGN if foreign else ''}{defined}\\begin{{document}}\n"
        f"\\begin{{tikzpicture}}[x=1bp,y=-1bp]\n\\fill[{names[canvas.paper]}] (0,0) rectangle {size};\n"
        f"{body}\n\\end{{tikzpicture}}\n\\end{{document}}\n"
    )


def _colours(paper: str, marks: list[Mark]) -> list[str]:
    used = [paper]
    for mark in marks:
        used += [mark.fill] if isinstance(mark, Text) else [mark.fill, mark.stroke]
    return [colour for colour in dict.fromkeys(used) if colour]


def _path(path: Path, names: dict[str, str]) -> str:
    options = [f"fill={names[path.fill]}"] if path.fill else []
    if path.stroke:
        options += [f"draw={names[path.stroke]}", f"line width={figure(path.width)}bp"]
    if path.dash:
        options.append(f"dash pattern=on {figure(path.dash[0])}bp off {figure(path.dash[1])}bp")
    text = ""
    for letter, points in path.steps:
        match letter:
            case "M":
                text += _point(points[0])
            case "L":
                text += f" -- {_point(points[0])}"
            case "C":
                text += f" .. controls {_point(points[0])} and {_point(points[1])} .. {_point(points[2])}"
            case _:
                text += " -- cycle"
    return rf"\path[{','.join(options)}] {text};"


def _text(text: Text, names: dict[str, str]) -> str:
    anchor = {"start": "base west", "middle": "base", "end": "base east"}[text.anchor]
    size = figure(text.size)
    bold = r"\bfseries" if text.bold else ""
    font = rf"\fontsize{{{size}bp}}{{{size}bp}}\selectfont{bold}"
    place = f"({figure(text.x)},{figure(text.y)})"
    return rf"\node[anchor={anchor},inner sep=0,text={names[text.fill]},font={font}] at {place} {{{latex(text.text)}}};"


def _point(point: Point) -> str:
    return f"({figure(point[0])},{figure(point[1])})"
