"""Every form in which answers are handed in, one file each: a text becomes a sheet."""

import json
import re
from typing import Final

from archcalc.homework.forms.aligned import read_aligned
from archcalc.homework.forms.delimited import read_delimited
from archcalc.homework.forms.document import read_document
from archcalc.homework.forms.html import read_html
from archcalc.homework.forms.latex import read_latex
from archcalc.homework.forms.pipes import read_pipes
from archcalc.homework.forms.printout import read_printout
from archcalc.homework.forms.prose import read_figures, read_prose
from archcalc.homework.sheet import LARGEST_SHEET, Sheet, SheetError, Table

_JSON: Final = re.compile(r'[\[{]\s*(?:"[^"]*"\s*[:,]|\{|\[\s*[\[{"])')
# names of classes that only torch has: its printouts leave out pools that are called as functions
_TORCH_CLASSES: Final = re.compile(
    r"(?:Conv(?:Transpose)?|MaxPool|AvgPool|BatchNorm|Dropout|AdaptiveAvgPool)[123]d|Linear(?:-\d+)?"
)
_KERAS_WORDS: Final = re.compile(r"\bmodel\.summary\(\)|\bKeras (?:prints|summary)", re.IGNORECASE)


def read_sheet(text: str) -> Sheet:
    """Return the tables of an answer; the form is recognised from the text itself.

    Raises:
        SheetError: nothing in it can be read as an answer.
    """
    if len(text) > LARGEST_SHEET:
        raise SheetError(f"larger than {LARGEST_SHEET:,} characters")
    if not text.strip():
        raise SheetError("the answer is empty")
    sheet = _recognised(text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff"))
    if not any(table.lines for table in sheet.tables):
        raise SheetError("no table, no printout and no number with a name was found")
    if sheet.framework is None and _KERAS_WORDS.search(text):
        sheet = sheet._replace(framework="keras")
    if sheet.framework is None and _is_torch(sheet):
        sheet = sheet._replace(framework="torch")
    return sheet


def _is_torch(sheet: Sheet) -> bool:
    lines = [line for table in sheet.tables for line in table.lines]
    classes = [word for line in lines for word in (line.type, line.name) if _TORCH_CLASSES.match(word)]
    return len(classes) > 1


def _recognised(text: str) -> Sheet:
    stripped = text.strip()
    if stripped[0] in "{[" and stripped[-1] in "}]":
        try:
            return Sheet(read_document(json.loads(stripped)), "json")
        except RecursionError:
            raise SheetError("JSON that is nested too deeply") from None
        except ValueError as error:
            if _JSON.match(stripped):
                raise SheetError(f"JSON that is not complete: {error}") from None
    elif _JSON.match(stripped):
        raise SheetError("JSON that does not end")
    if re.search(r"<t[rd][\s>]", text, re.IGNORECASE):
        return Sheet(read_html(text), "html")
    if re.search(r"\\begin\s*\{(?:tabular|tabularx|longtable|array|tblr)", text):
        return Sheet(read_latex(text), "latex")
    printout = read_printout(text)
    if printout is not None:
        return printout
    tables: tuple[Table, ...] = read_pipes(text)
    if tables:
        return Sheet(tables, "markdown")
    delimited = read_delimited(text)
    if delimited:
        return Sheet(delimited, "csv")
    aligned = read_aligned(text)
    return Sheet(aligned or read_document(read_figures(text)) or read_prose(text), "text")
