"""A figure, a table and the derivations behind both in one HTML file that loads nothing from elsewhere.

The page works without scripts; its script moves the figure, shows details and sorts. Texts of a spec reach it as data
and are written by `textContent` only.
"""

import json
from typing import Any, Final

from archcalc.diagram.boxes import Look
from archcalc.diagram.canvas import Canvas
from archcalc.diagram.picture import Picture, describe, shape_text
from archcalc.diagram.svg import element
from archcalc.diagram.words import word
from archcalc.errors import ArchcalcError
from archcalc.lazy import resolve
from archcalc.render.text import html, number, safe
from archcalc.report import Derive, Node, Report

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
_COLUMNS: Final = ("layer", "type", "settings", "size", "parameters", "multiply-adds")
_QUANTITIES: Final = ("output", "params", "macs")


def page(report: Report, made: Picture, canvas: Canvas, look: Look, derive: Derive | None) -> str:
    """Return the page.

    Args:
        report: what the table and the details are about.
        made: its picture; says in which box a layer is.
        canvas: the figure.
        look: theme and language.
        derive: how a number came about; by default `archcalc.explain.explain`.
    """
    owner = {node.path: box.id for box in made.boxes for node in box.nodes}
    explain: Derive = derive or resolve("archcalc.explain:explain")
    details: dict[str, list[list[str]]] = {}
    for box in made.boxes:
        # equal blocks are explained once
        first = box.nodes[: len(box.nodes)] if box.copies == 1 else box.nodes[:: box.copies]
        details[box.id] = [entry for node in first[:40] for entry in _details(node, explain)]
    theme = look.theme
    style = _STYLE.replace("PAPER", theme.paper).replace("INK", theme.ink).replace("FAINT", theme.faint)
    style = style.replace("RULE", theme.cluster_line).replace("ACCENT", theme.accent).replace("HEAD", theme.cluster[0])
    return (
        f'<!DOCTYPE html>\n<html lang="{look.lang}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html(made.title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f'<main id="figure">\n{element(canvas)}\n</main>\n'
        f'<aside>\n<div id="details"></div>\n<div id="table">\n{_table(report, owner, look)}\n</div>\n</aside>\n'
        f'<script type="application/json" id="data">{_data(details)}</script>\n'
        f"<script>{_SCRIPT}</script>\n</body>\n</html>\n"
    )


def _details(node: Node, explain: Derive) -> list[list[str]]:
    """Return title and lines about a layer: how each of its numbers came about."""
    lines = [safe(node.path), safe(describe(node))]
    lines.append(f"{' , '.join(shape_text(shape) for shape in node.input)} → {shape_text(node.output)}")
    lines += [f"{weight.name} {shape_text(weight.shape)}" for weight in node.weights]
    for quantity in _QUANTITIES:
        if quantity != "output" and not getattr(node, quantity):
            continue
        try:
            made = explain(node, quantity, "math")
        except ArchcalcError:  # free sizes, or a layer whose numbers have no formula
            continue
        forms = dict.fromkeys(text for text in (made.names, made.values, number(made.value)) if text)
        lines.append(safe(f"{quantity} = {' = '.join(forms)}"))
    if node.note:
        lines.append(safe(node.note))
    return [lines]


def _data(details: dict[str, Any]) -> str:
    # "</script>" and "<!--" would end the element
    text = json.dumps(details, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _table(report: Report, owner: dict[str, str], look: Look) -> str:
    heads = "".join(
        f'<th scope="col"><button type="button">{html(word(key, look.lang))}</button></th>' for key in _COLUMNS
    )
    rows = "\n".join(_row(node, owner.get(node.path, "")) for node in report.rows)
    totals = report.totals
    return (
        f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n"
        f'<tfoot><tr><th colspan="4">{word("total", look.lang)}</th>'
        f"<td>{html(number(totals.params))}</td><td>{html(number(totals.macs))}</td></tr></tfoot>\n</table>"
    )


def _row(node: Node, box: str) -> str:
    elements = node.activations
    cells = (
        (node.path, node.path),
        (node.op, node.op),
        (describe(node).partition(" ")[2], ""),
        (shape_text(node.output), elements),
        (number(node.params), node.params),
        (number(node.macs), node.macs),
    )
    return (
        f'<tr data-box="{box}">'
        + "".join(f'<td data-value="{html(safe(str(value)))}">{html(safe(text))}</td>' for text, value in cells)
        + "</tr>"
    )


_STYLE: Final = """
*{box-sizing:border-box}
html,body{height:100%;margin:0;background:PAPER;color:INK;font:14px/1.4 Helvetica,Arial,sans-serif}
body{display:flex}
main{flex:1 1 0;min-width:0;overflow:hidden;touch-action:none;cursor:grab}
main svg{display:block;width:100%;height:100%;user-select:none}
aside{flex:1 1 0;min-width:320px;max-width:800px;border-left:1px solid RULE;display:flex;flex-direction:column}
#details{flex:0 0 auto;max-height:40%;overflow:auto;padding:10px 14px;border-bottom:1px solid RULE;font-size:13px}
#details:empty{display:none}
#details p{margin:0;overflow-wrap:anywhere}
#details p.name{font-weight:bold;margin-top:6px}
#details p.name:first-child{margin-top:0}
#table{flex:1 1 auto;overflow:auto}
table{border-collapse:collapse;font-size:12.5px;min-width:100%}
thead th{position:sticky;top:0;background:HEAD;text-align:left;padding:0}
th button{all:unset;cursor:pointer;padding:6px 8px;font-weight:bold;box-sizing:border-box;width:100%}
th:nth-child(5) button,th:nth-child(6) button{text-align:right}
th button:focus-visible{outline:2px solid ACCENT}
td{padding:3px 8px;border-bottom:1px solid RULE;white-space:nowrap}
td:nth-child(5),td:nth-child(6),tfoot td{text-align:right}
td:first-child{white-space:normal;overflow-wrap:anywhere;max-width:15em}
tfoot th,tfoot td{border-top:2px solid INK;padding:6px 8px;text-align:right;font-weight:bold}
tr.on td{background:HEAD;color:ACCENT}
g[id]{cursor:pointer}
g.on>path:last-of-type,g.on>path:first-of-type{stroke:ACCENT;stroke-width:2.5}
@media(max-width:800px){body{display:block}main{height:60vh}aside{max-width:none;border:0}}
"""

_SCRIPT: Final = """
"use strict";
(() => {
  const svg = document.querySelector("main svg");
  const details = JSON.parse(document.getElementById("data").textContent);
  const panel = document.getElementById("details");
  const rows = [...document.querySelectorAll("tbody tr")];
  const full = svg.getAttribute("viewBox").split(" ").map(Number);
  const frame = svg.parentElement;
  // start at the top, at the size of print
  let view = [0, 0, full[2], full[3]];
  if (frame.clientHeight && full[3] / full[2] > frame.clientHeight / frame.clientWidth) {
    const width = Math.max(full[2], frame.clientWidth / 1.4);
    const height = width * frame.clientHeight / frame.clientWidth;
    view = [(full[2] - width) / 2, 0, width, Math.min(height, full[3])];
  }
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  svg.setAttribute("preserveAspectRatio", "xMidYMin meet");
  const apply = () => svg.setAttribute("viewBox", view.join(" "));
  apply();
  const point = (event) => {
    const matrix = svg.getScreenCTM().inverse();
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
  };
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const at = point(event);
    const by = Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.004);
    const to = Math.max(full[2] / 200, Math.min(full[2] * 8, view[2] * by)) / view[2];
    view = [at.x - (at.x - view[0]) * to, at.y - (at.y - view[1]) * to, view[2] * to, view[3] * to];
    apply();
  }, {passive: false});
  let held = null;
  svg.addEventListener("pointerdown", (event) => { held = point(event); svg.setPointerCapture(event.pointerId); });
  svg.addEventListener("pointerup", () => { held = null; });
  svg.addEventListener("pointermove", (event) => {
    if (held === null) return;
    const at = point(event);
    view[0] += held.x - at.x;
    view[1] += held.y - at.y;
    apply();
  });
  svg.addEventListener("dblclick", () => { view = [...full]; apply(); });
  const select = (id, scroll) => {
    if (!(id in details)) return;
    document.querySelectorAll(".on").forEach((item) => item.classList.remove("on"));
    const box = document.getElementById(id);
    if (box) box.classList.add("on");
    panel.replaceChildren();
    for (const lines of details[id]) {
      lines.forEach((text, index) => {
        const line = document.createElement("p");
        line.textContent = text;
        if (index === 0) line.className = "name";
        panel.append(line);
      });
    }
    const own = rows.filter((row) => row.dataset.box === id);
    own.forEach((row) => row.classList.add("on"));
    if (scroll && own.length) own[0].scrollIntoView({block: "nearest"});
  };
  for (const id of Object.keys(details)) {
    const box = document.getElementById(id);
    if (box) box.addEventListener("pointerenter", () => { if (held === null) select(id, true); });
  }
  rows.forEach((row) => row.addEventListener("click", () => select(row.dataset.box, false)));
  document.querySelectorAll("th button").forEach((button, column) => {
    let up = false;
    button.addEventListener("click", () => {
      up = !up;
      const value = (row) => row.cells[column].dataset.value || row.cells[column].textContent;
      const order = (one, other) => {
        const [a, b] = [value(one), value(other)];
        const [m, n] = [Number(a), Number(b)];
        const result = Number.isNaN(m) || Number.isNaN(n) ? a.localeCompare(b) : m - n;
        return up === column < 4 ? result : -result;
      };
      const body = document.querySelector("tbody");
      [...rows].sort(order).forEach((row) => body.append(row));
    });
  });
})();
"""
