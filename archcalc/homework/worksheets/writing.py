"""A worksheet and its key as Markdown, LaTeX, HTML or CSV; all of them are forms that `archcalc check` reads."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from csv import writer
from io import StringIO
from types import MappingProxyType
from typing import Final, NamedTuple

from archcalc.explain import Wording
from archcalc.homework.headings import SHEET_HEADINGS
from archcalc.homework.worksheets.answers import Line, derivation, sum_of
from archcalc.homework.worksheets.paper import Paper, Question
from archcalc.homework.worksheets.words import say
from archcalc.render.text import html, latex, markdown, plain_ascii, safe, spreadsheet


class Page(NamedTuple):
    """What is written, in every format: the sheet, or with `is_key` the key."""

    paper: Paper
    is_key: bool

    @property
    def title(self) -> str:
        """The heading: the network, the target, the variant."""
        report, lang = self.paper.report, self.paper.lang
        title = f"{report.title} ({report.target})" if report.title else report.target
        if self.paper.seed is not None:
            title = say("variant", lang, title=title, seed=self.paper.seed)
        return safe(say("key" if self.is_key else "sheet", lang, title=title))

    @property
    def task(self) -> str:
        """What is to be done; nothing with the key."""
        if self.is_key:
            return ""
        lang = self.paper.lang
        more = [say("choose", lang)] if any(question.choices for question in self.paper.questions) else []
        return ("" if lang == "zh" else " ").join([say("task", lang), *more])

    @property
    def headings(self) -> list[str]:
        """The headings of the table."""
        return [*self.paper.fixed, *map(self.heading, self.paper.quantities)]

    @property
    def rows(self) -> list[list[str]]:
        """The cells of the table."""
        return [list(row) for row in self.paper.rows] if self.is_key else self.paper.blank()

    @property
    def command(self) -> str:
        """How the sheet is checked."""
        return self.paper.command

    def heading(self, quantity: str) -> str:
        """Return the heading of a quantity."""
        return SHEET_HEADINGS[quantity][self.paper.lang == "zh"]

    def name(self, question: Question) -> str:
        """Return which cell a question is about."""
        return f"{self.paper.rows[question.row][0]}, {self.heading(question.quantity)}"

    def lines(self, question: Question, *, in_latex: bool = False) -> list[Line]:
        """Return the derivation of an answer."""
        report = self.paper.report
        if question.layer is None:
            return sum_of(report, question.quantity)
        return derivation(report, report[question.layer], question.quantity, Wording("math", self.paper.lang, in_latex))

    def mistakes(self, question: Question) -> Iterator[tuple[str, str]]:
        """Yield the wrong choices of a question, each with how one gets there."""
        for choice in question.choices:
            if choice.mistake is not None:
                yield choice.text, f"{choice.mistake.text(self.paper.lang)} [{choice.mistake.id}]"


def write_sheet(paper: Paper, format: str, *, ascii: bool = False) -> str:
    """Return a worksheet in a format of `FORMATS`."""
    return _written(Page(paper, is_key=False), format, ascii=ascii)


def write_key(paper: Paper, format: str, *, ascii: bool = False) -> str:
    """Return the key of a worksheet: every answer, its derivation, and what each wrong choice comes from."""
    return _written(Page(paper, is_key=True), format, ascii=ascii)


def _written(page: Page, format: str, *, ascii: bool) -> str:
    text = FORMATS[format](page, ascii)
    if not ascii or text.isascii():
        return text
    return text.encode("ascii", "xmlcharrefreplace").decode() if format == "html" else plain_ascii(text)


def _equation(line: Line, mark: Callable[[str], str]) -> str:
    """Return a step of a derivation on one line: symbol = formula = numbers = value (remarks)."""
    sides = ([line.symbol] if line.symbol and line.sides else []) + list(line.sides)
    return " = ".join(map(mark, sides))


def _remarks(line: Line) -> str:
    return f" ({'; '.join(map(safe, line.remarks))})" if line.remarks else ""


# ── Markdown ──


def _markdown(page: Page, ascii: bool) -> str:
    empty, full = ("( )", "(*)") if ascii else ("○", "●")
    lang = page.paper.lang
    lines = [f"# {markdown(page.title)}", "", *([page.task, ""] if page.task else [])]
    lines += [*(f"- {text}" for text in page.paper.statements), ""]
    sides = [":--" if at < len(page.paper.fixed) else "--:" for at in range(len(page.headings))]
    table = [page.headings, sides, *([markdown(safe(text)) for text in row] for row in page.rows)]
    lines += [f"| {' | '.join(row)} |" for row in table]
    chosen = [question for question in page.paper.questions if question.choices]
    if chosen:
        lines += ["", f"## {say('choices', lang)}", ""]
        for question in chosen:
            marks = (full if page.is_key and not each.mistake else empty for each in question.choices)
            options = (f"{mark} {each.text}" for mark, each in zip(marks, question.choices, strict=True))
            lines.append(f"- {markdown(safe(page.name(question)))}: {'  '.join(options)}")
            if page.is_key:
                lines += [f"  - {text}: {markdown(safe(why))}" for text, why in page.mistakes(question)]
    if page.is_key:
        lines += ["", f"## {say('derivations', lang)}", ""]
        for question in page.paper.questions:
            for line in page.lines(question):
                sum_ = _equation(line, lambda side: f"`{side}`") or question.answer
                lines.append(f"- {markdown(safe(page.name(question)))}: {sum_}{markdown(_remarks(line))}")
    return "\n".join([*lines, "", say("check", lang, command=f"`{page.command}`")])


# ── LaTeX ──


def _latex(page: Page, _ascii: bool) -> str:
    r"""Return a document that compiles as it stands: article, for Chinese ctexart (XeLaTeX)."""
    lang = page.paper.lang
    kind = "ctexart" if lang == "zh" else "article"
    fonts = [] if lang == "zh" else [r"\usepackage[T1]{fontenc}", r"\usepackage[utf8]{inputenc}"]
    lines = [
        rf"\documentclass[a4paper]{{{kind}}}", *fonts, r"\usepackage{booktabs,longtable}",
        r"\usepackage[margin=2cm]{geometry}", r"\setlength{\parindent}{0pt}", r"\begin{document}",
        rf"\section*{{{latex(page.title)}}}", latex(page.task), *_items(map(latex, page.paper.statements)),
    ]  # fmt: skip
    fixed = len(page.paper.fixed)
    lines += [] if page.is_key else [r"\renewcommand{\arraystretch}{1.5}"]  # room to write
    lines += [rf"\begin{{longtable}}{{{'l' * fixed}{'r' * (len(page.headings) - fixed)}}}", r"\toprule"]
    lines += [_latex_row(page.headings), r"\midrule", r"\endhead"]
    lines += [_latex_row([safe(text) for text in row]) for row in page.rows]
    lines += [r"\bottomrule", r"\end{longtable}"]
    chosen = [question for question in page.paper.questions if question.choices]
    if chosen:
        lines += [rf"\subsection*{{{latex(say('choices', lang))}}}", *_items(_latex_choices(page, chosen))]
    if page.is_key:
        lines += [rf"\subsection*{{{latex(say('derivations', lang))}}}", *_items(_latex_derivations(page))]
    command = rf"\texttt{{{latex(page.command).replace('--', '-{}-')}}}"
    lines += [latex(say("check", lang, command="@@")).replace("@@", command), r"\end{document}"]
    return "\n".join(lines)


def _latex_row(texts: Sequence[str]) -> str:
    line = " & ".join(map(latex, texts)) + r" \\"
    # after \\ LaTeX takes [ and * for arguments
    return "{}" + line if line.startswith(("[", "*")) else line


def _items(texts: Iterable[str]) -> list[str]:
    listed = [rf"\item {text}" for text in texts]
    return [r"\begin{itemize}", *listed, r"\end{itemize}"] if listed else []


def _latex_choices(page: Page, chosen: Sequence[Question]) -> Iterator[str]:
    for question in chosen:
        marks = (r"$\bullet$" if page.is_key and not each.mistake else r"$\circ$" for each in question.choices)
        options = (f"{mark}~{latex(each.text)}" for mark, each in zip(marks, question.choices, strict=True))
        text = f"{latex(safe(page.name(question)))}: " + r" \quad ".join(options)
        why = (f"{latex(wrong)}: {latex(safe(told))}" for wrong, told in page.mistakes(question))
        yield "\n".join([text, *(_items(why) if page.is_key else ())])


def _latex_derivations(page: Page) -> Iterator[str]:
    for question in page.paper.questions:
        for line in page.lines(question, in_latex=True):
            sum_ = _equation(line, lambda side: side.replace(",", "{,}") if side.replace(",", "").isdecimal() else side)
            shown = f"${sum_}$" if sum_ else latex(question.answer)
            yield f"{latex(safe(page.name(question)))}: {shown}{latex(_remarks(line))}"


# ── HTML ──

_STYLE: Final = (
    "body{font-family:sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse}th,td{border:1px solid #999;padding:.2em .6em;text-align:left}"
    "td.n{text-align:right;min-width:6em}td.n:empty{background:#f6f6f6}"
)


def _html(page: Page, _ascii: bool) -> str:
    """Return a page of its own, with nothing to load and no script."""
    lang = page.paper.lang
    lines = [
        "<!doctype html>", f'<html lang="{lang}">', '<meta charset="utf-8">', f"<title>{html(page.title)}</title>",
        f"<style>{_STYLE}</style>", f"<h1>{html(page.title)}</h1>",
        *([f"<p>{html(page.task)}</p>"] if page.task else []),
        *_listed(map(html, page.paper.statements)), "<table>",
        f"<tr>{''.join(f'<th>{html(text)}</th>' for text in page.headings)}</tr>",
    ]  # fmt: skip
    fixed = len(page.paper.fixed)
    for row in page.rows:
        cells = (
            f"<td>{html(safe(text))}</td>" if at < fixed else f'<td class="n">{html(safe(text))}</td>'
            for at, text in enumerate(row)
        )
        lines.append(f"<tr>{''.join(cells)}</tr>")
    lines.append("</table>")
    chosen = [question for question in page.paper.questions if question.choices]
    if chosen:
        lines += [f"<h2>{html(say('choices', lang))}</h2>", *_listed(_html_choices(page, chosen))]
    if page.is_key:
        lines += [f"<h2>{html(say('derivations', lang))}</h2>", *_listed(_html_derivations(page))]
    command = f"<code>{html(page.command)}</code>"
    return "\n".join([*lines, f"<p>{html(say('check', lang, command='@@')).replace('@@', command)}</p>", "</html>"])


def _listed(texts: Iterable[str]) -> list[str]:
    return ["<ul>", *(f"<li>{text}</li>" for text in texts), "</ul>"]


def _html_choices(page: Page, chosen: Sequence[Question]) -> Iterator[str]:
    for question in chosen:
        marks = ("●" if page.is_key and not each.mistake else "○" for each in question.choices)
        options = (f"{mark} {html(each.text)}" for mark, each in zip(marks, question.choices, strict=True))
        text = f"{html(safe(page.name(question)))}: {' &emsp; '.join(options)}"
        why = (f"{html(wrong)}: {html(safe(told))}" for wrong, told in page.mistakes(question))
        yield text + ("".join(_listed(why)) if page.is_key else "")


def _html_derivations(page: Page) -> Iterator[str]:
    for question in page.paper.questions:
        for line in page.lines(question):
            sum_ = _equation(line, lambda side: f"<code>{html(side)}</code>") or html(question.answer)
            yield f"{html(safe(page.name(question)))}: {sum_}{html(_remarks(line))}"


# ── CSV ──


def _csv(page: Page, _ascii: bool) -> str:
    """Return rows for a spreadsheet; what is no table stands below them, on lines that begin with #."""
    lang = page.paper.lang
    more: list[tuple[str, list[list[str]]]] = []
    if any(question.choices for question in page.paper.questions):
        more.append((say("choices", lang), _beside(page, _csv_choices)))
    if page.is_key:
        more.append((say("derivation", lang), _beside(page, _csv_derivation)))
        if any(question.choices for question in page.paper.questions):
            more.append((say("mistakes", lang), _beside(page, _csv_mistakes)))
    out = StringIO()
    write = writer(out, lineterminator="\n")
    write.writerow([*page.headings, *(heading for heading, _ in more)])
    for at, row in enumerate(page.rows):
        write.writerow(map(spreadsheet, [*map(safe, row), *("; ".join(texts[at]) for _, texts in more)]))
    notes = [
        page.title,
        *([page.task] if page.task else []),
        *page.paper.statements,
        say("check", lang, command=page.command),
    ]
    width = len(page.headings) + len(more)
    for note in notes:
        write.writerow([f"# {note}", *[""] * (width - 1)])
    return out.getvalue().removesuffix("\n")


def _beside(page: Page, texts: Callable[[Page, Question], list[str]]) -> list[list[str]]:
    found: list[list[str]] = [[] for _ in page.paper.rows]
    for question in page.paper.questions:
        found[question.row] += [f"{page.heading(question.quantity)}: {text}" for text in texts(page, question)]
    return found


def _csv_choices(_page: Page, question: Question) -> list[str]:
    return [" / ".join(each.text for each in question.choices)] if question.choices else []


def _csv_derivation(page: Page, question: Question) -> list[str]:
    return [(_equation(line, str) or question.answer) + _remarks(line) for line in page.lines(question)]


def _csv_mistakes(page: Page, question: Question) -> list[str]:
    return [f"{text}: {safe(why)}" for text, why in page.mistakes(question)]


FORMATS: Final = MappingProxyType({"markdown": _markdown, "latex": _latex, "html": _html, "csv": _csv})
