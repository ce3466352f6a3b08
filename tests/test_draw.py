"""Figures: what they say, where texts stand, that nothing of a spec gets out of its label, and that they end."""

import contextlib
import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from helpers import report

import archcalc
from archcalc import diagram as diagram_module
from archcalc.cli.entry import run
from archcalc.diagram import DIRECTIONS, FORMATS, THEMES, VIEWS, diagram
from archcalc.diagram.canvas import Text
from archcalc.diagram.columns import columns as cut_into_columns
from archcalc.diagram.layout import engine, layout
from archcalc.diagram.metrics import room, text_width
from archcalc.diagram.picture import describe, picture
from archcalc.errors import TargetError

ROOT = Path(__file__).parent.parent
# one file lists methods that have no network
SPECS = sorted(
    path.stem for path in (ROOT / "specs").glob("*.yaml") if re.search(r"^archcalc:", path.read_text(), re.MULTILINE)
)
SVG = "{http://www.w3.org/2000/svg}"

SMALL = """archcalc: 1
title: Small
input: 3x32x32
blocks:
  block(w):
    - residual: conv w 3x3 half -> bn -> relu -> conv w 3x3 half -> bn
    - relu
layers:
  - stem: conv 16 5x5 /2 half nobias -> bn -> relu
  - block 16
  - block 16
  - block 16
  - concat: {left: conv 8 1x1, right: conv 8 3x3 half -> relu -> conv 8 3x3 half}
  - fc: gap -> fc 10 -> softmax
aux:
  head: from stem -> gap -> fc 10
"""
# letters that mean something in DOT, HTML, SVG, Mermaid, TeX or a terminal
HOSTILE = '\\N"]; x -> y </script><b>&amp; %%{init} `a` $x^2$ #1; \\input{/etc/passwd} \u202e onload=alert(1)'


def hostile():
    title = HOSTILE.replace("\\", "\\\\").replace('"', '\\"')
    note = json.dumps(HOSTILE)
    return report(
        f'archcalc: 1\ntitle: "{title}"\ninput: 3x8x8\nlayers:\n'
        f"  - c: conv 4 3x3 -> relu\n    note: {note}\n  - d: conv 4 3x3\n"
    )


def texts(canvas):
    return [mark for group in canvas.groups for mark in group.marks if isinstance(mark, Text)]


def box_of(made, title):
    return next(box for box in made.boxes if box.title == title)


@pytest.fixture(scope="module")
def small():
    return report(SMALL)


# ── what a picture holds ──


def test_what_follows_a_layer_is_drawn_in_its_box(small):
    stem = box_of(picture(small), "stem")
    assert [part.text for part in stem.parts] == ["conv 16 × 5×5 / 2 p2", "bn", "relu"]
    assert stem.shape == "16×16×16"
    assert stem.sum("params") == 3 * 16 * 25 + 2 * 16


def test_equal_blocks_become_one(small):
    folded, flat = picture(small), picture(small, folds=False)
    block = next(cluster for cluster in folded.clusters if cluster.copies == 3)
    assert block.label == "block(w=16)"
    # stem, three boxes of the block, three of the branches, concat, gap, fc; input; gap and fc of the head
    assert len(folded.boxes) == len(flat.boxes) - 2 * 3
    for made in (folded, flat):
        assert sum(box.sum("params") for box in made.boxes) == small.totals.params_train
        assert sum(box.sum("macs") for box in made.boxes) == small.totals.macs_train


def test_shortcuts_and_heads_are_marked(small):
    made = picture(small)
    assert sum(edge.skip for edge in made.edges) == 1
    assert {box.path for box in made.boxes if box.mode == "train"} == {"head.gap", "head.fc"}


def test_branches_are_frames_with_their_names(small):
    labels = {cluster.label for cluster in picture(small).clusters}
    assert "right" in labels
    assert "left" in {box.title for box in picture(small).boxes}  # a branch of one box needs no frame


def test_depth_makes_one_box_of_a_block():
    made = picture(archcalc.analyze("googlenet"), depth=1)
    titles = [box.title for box in made.boxes if box.kind == "block"]
    assert titles == ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b", "aux1", "aux2"]
    assert box_of(made, "3a").sum("params") == 163696  # 12352 + 18528 + 110720 + 3088 + 12832 + 6176


@pytest.mark.parametrize("name", ["resnet/50", "densenet", "nasnet", "yolo:v3", "mask_rcnn", "unet", "siamese"])
@pytest.mark.parametrize("depth", [None, 1, 2])
@pytest.mark.parametrize("folds", [True, False])
def test_boxes_add_up_to_the_totals(name, depth, folds):
    net = archcalc.analyze(name)
    made = picture(net, depth=depth, folds=folds)
    for fact, total in (("params", net.totals.params_train), ("macs", net.totals.macs_train)):
        assert sum(box.sum(fact) for box in made.boxes) == total
    ids = {box.id for box in made.boxes}
    assert len(ids) == len(made.boxes)
    assert all(edge.tail in ids and edge.head in ids for edge in made.edges)
    frames = {cluster.id for cluster in made.clusters}
    assert {box.cluster for box in made.boxes} - {None} <= frames


def test_equal_branches_become_one():
    made = picture(archcalc.analyze("resnext_forms"))
    branch = next(cluster for cluster in made.clusters if cluster.copies == 32)
    inside = [box for box in made.boxes if box.cluster == branch.id]
    assert [box.parts[box.main].text for box in inside] == ["conv 4 × 1×1", "conv 4 × 3×3 p1", "conv 256 × 1×1"]
    assert inside[0].sum("params") == 32 * (256 * 4 + 2 * 4)


def test_a_block_whose_results_are_read_from_afar_is_not_folded():
    net = report(
        "blocks:\n  b: conv 3 3x3 half -> relu -> conv 3 3x3 half -> relu\n"
        "layers:\n  - b\n  - b\n  - b\n  - c: conv 3 3x3 half\n  - concat b_2\n"
    )
    made = picture(net)
    assert [cluster.copies for cluster in made.clusters] == [2, 1]
    assert len({edge.tail for edge in made.edges if edge.head == made.boxes[-1].id}) == 2


def test_shared_weights_name_their_owner():
    made = picture(archcalc.analyze("siamese"))
    assert [box.shares for box in made.boxes if box.path == "b.tower.conv"] == ["a.tower.conv"]


def test_dense_concatenation_is_a_chain():
    lines = "".join(
        f"  - c{n}: {'from j' + str(n - 1) + ' -> ' if n else ''}conv 4 3x3 half\n"
        + (f"  - j{n}: from x -> concat {' '.join(f'c{k}' for k in range(n + 1))}\n")
        for n in range(40)
    )
    net = report(f"input: 4x8x8\nlayers:\n{lines}")
    wires = sum(len(row.inputs) for row in net.rows)
    made = picture(net, folds=False)
    assert wires > 800
    assert len(made.edges) < 130


def test_layers_are_named_with_what_matters():
    rows = {row.path: describe(row) for row in archcalc.analyze("alexnet")}
    assert rows["conv1.conv"] == "conv 96 × 11×11 / 4"
    assert rows["pool1"] == "maxpool 3×3 / 2"
    assert rows["fc6.fc"] == "fc 4096"


# ── forms ──


@pytest.mark.parametrize("name", SPECS)
def test_dot_of_every_spec(name, golden):
    net = archcalc.analyze(name)
    made = diagram(net, format="dot")
    assert made.rstrip("\n") == golden(f"dot/{name}.dot", made.rstrip("\n"))


@pytest.mark.parametrize("form", ["mmd", "tex", "svg"])
def test_forms_on_record(small, form, golden):
    made = str(diagram(small, format=form, show=("shape", "kernel", "params", "macs"))).rstrip("\n")
    if form == "mmd" or Path(engine()).name == "graphviz-pure":
        assert made == golden(f"draw-small.{form}", made)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("form", [form for form in FORMATS if form not in ("dot", "mmd", "png")])
def test_every_view_in_every_form_twice(view, form):
    net = archcalc.analyze("lenet")
    first = diagram(net, view=view, format=form)
    assert first == diagram(net, view=view, format=form)
    if form == "pdf":
        assert first.startswith(b"%PDF-1.4")
        assert first.endswith(b"%%EOF\n")
        start = int(first.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
        assert first[start:].startswith(b"xref\n")


def test_png():
    pytest.importorskip("resvg_py")
    made = diagram(archcalc.analyze("lenet"), view="bars", format="png")
    assert made.startswith(b"\x89PNG\r\n")


def test_png_without_its_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "resvg_py", None)
    with pytest.raises(TargetError, match=r"archcalc\[png\]"):
        diagram(archcalc.analyze("lenet"), view="bars", format="png")


def canvases(net):
    for view in VIEWS:
        for direction in DIRECTIONS if view == "graph" else ("TB",):
            look = diagram_module.Look(
                frozenset(("shape", "kernel", "params", "macs", "rf")), THEMES["default"], "en", direction, {}
            )
            for columns in (1, 3) if (view, direction) == ("graph", "TB") else (1,):
                with contextlib.suppress(TargetError):  # no chain, so no volumes; no place to cut
                    yield view, diagram_module._canvas(net, view, None if view != "bars" else 2, True, look, columns)[1]


@pytest.mark.parametrize(
    "name", ["alexnet", "alexnet_2gpu", "googlenet", "resnet/50", "densenet", "unet", "yolo:v3", "mask_rcnn",
             "captioner", "dcgan:g", "siamese", "lenet", "nasnet", "vgg/16"]
)  # fmt: skip
def test_texts_stand_inside_the_figure_and_apart(name):
    for view, canvas in canvases(archcalc.analyze(name)):
        areas = []
        for text in texts(canvas):
            wide = text_width(text.text, text.size, bold=text.bold)
            left = text.x - {"start": 0, "middle": wide / 2, "end": wide}[text.anchor]
            areas.append((left, text.y - 0.7 * text.size, left + wide, text.y, text.text))
            slack = room(text.text, text.size, bold=text.bold) - wide
            assert left >= 0, (view, text)
            assert left + wide + slack / 2 <= canvas.width, (view, text)
            assert text.y - text.size >= 0
            assert text.y <= canvas.height, (view, text)
        overlaps = [(one[4], other[4]) for at, one in enumerate(areas) for other in areas[:at] if meet(one, other)]
        assert not overlaps, (view, overlaps[:5])


def meet(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.mark.parametrize("theme", THEMES)
def test_themes_are_legible(theme):
    """Contrast of text on every ground is at least 4.5, as WCAG 2.2 asks for small text."""
    colours = THEMES[theme]
    for fill in (*colours.fills.values(), colours.paper, *colours.cluster):
        assert contrast(colours.ink, fill) >= 4.5
    for ground in (colours.paper, *colours.cluster):
        assert contrast(colours.faint, ground) >= 4.5
        assert contrast(colours.accent, ground) >= 3


def contrast(one, other):
    def luminance(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_gallery_is_up_to_date(request, capsys):
    if Path(engine()).name != "graphviz-pure":
        pytest.skip("other engines choose other places")
    update = request.config.getoption("--update-golden")
    assert run(["docs", *([] if update else ["--check"]), str(ROOT / "docs/gallery.md")]) == 0
    text = (ROOT / "docs/gallery.md").read_text()
    shown = re.findall(r"^archcalc (draw .*) -o (.*)$", text, re.MULTILINE)
    made = re.findall(r"^<!-- archcalc: (draw .*) -o pictures/(.*) -->$", text, re.MULTILINE)
    assert shown == made


# ── a spec is untrusted ──


def test_svg_holds_texts_and_nothing_else():
    root = ElementTree.fromstring(diagram(hostile()).encode())
    names = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert names <= {"svg", "title", "rect", "g", "path", "text"}
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not any(name.startswith("on") or "href" in name or name == "style" for name in attributes)
    assert "\u202e" not in "".join(root.itertext())
    assert "\\N" in root.find(f"{SVG}title").text


def test_dot_keeps_a_hostile_title_out_and_ids_its_own():
    made = diagram(hostile(), format="dot")
    assert set(re.findall(r"^\s+(\w+) \[", made, re.MULTILINE)) <= {"graph", "node", "edge", "n0", "n1", "n2"}
    assert "URL" not in made
    assert "=<" not in made


def test_html_holds_no_tag_of_a_spec_and_no_address():
    made = str(diagram(hostile(), format="html"))
    assert made.count("<script") == made.count("</script>") == 2
    assert "<b>" not in made
    assert "default-src 'none'" in made
    assert not re.search(r"(src|href|url)\s*[=(]", made)
    assert re.findall(r"https?://[\w./]*", made) == ["http://www.w3.org/2000/svg"]
    details = json.loads(re.search(r'id="data">(.*?)</script>', made)[1])
    assert any("</script>" in line for entry in details["n1"] for line in entry)


def test_tikz_and_mermaid_escape():
    tex = str(diagram(hostile(), format="tex"))
    assert r"\input{" not in tex
    assert r"\textbackslash{}input\{/etc/passwd\}" in tex
    assert tex.count(r"\end{document}") == 1
    # letters that pdflatex has not; it stops at them
    assert "compile with lualatex" in str(diagram(report("title: Δίκτυο\nlayers:\n  - conv 4 3x3\n"), format="tex"))
    assert "compile with" not in str(diagram(archcalc.analyze("unet"), format="tex"))
    net = report("layers:\n  - a: conv 4 3x3 -> relu\n")
    assert 'n1["a<br/>conv 4 × 3×3<br/>relu"]' in diagram(net, format="mmd")


@pytest.mark.parametrize("char", list("<>\"'`&;#{}[]()|\\%+-*_~$^@!?\n\u202e"))
def test_mermaid_writes_signs_as_numbers(char):
    from archcalc.diagram.mermaid import escape

    made = escape(f"a{char}b")
    assert re.fullmatch(r"a(#\d+;)b|a_b", made)


def test_mermaid_keeps_to_what_it_can_read():
    """Mermaid 11 refuses an empty title of a subgraph, more than 500 edges, and more than 50,000 characters."""
    assert '[""]' not in diagram(archcalc.analyze("siamese"), format="mmd")  # frames without names
    nasnet = archcalc.analyze("nasnet")
    with pytest.raises(TargetError, match="at most 500 wires, and this figure has"):
        diagram(nasnet, format="mmd")
    assert str(diagram(nasnet, format="mmd", depth=1)).count("-->") < 500
    chain = "".join(f"  - {'a' * 60}{n}: conv 4 1x1\n" for n in range(499))
    with pytest.raises(TargetError, match="at most 50,000 characters"):
        diagram(report(f"layers:\n{chain}"), format="mmd", folds=False, show=("shape", "kernel", "params", "macs"))


# ── layouts end ──


def test_a_layout_that_takes_too_long_is_an_error_with_advice():
    dot = diagram(archcalc.analyze("nasnet"), format="dot", folds=False)
    with pytest.raises(TargetError, match="--depth 1"):
        layout(dot, limits=(0.001, 0.001))


def test_without_an_engine_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr("archcalc.diagram.layout.engine", lambda: None)
    with pytest.raises(TargetError, match="pip install graphviz-pure"):
        diagram(archcalc.analyze("lenet"))
    assert diagram(archcalc.analyze("lenet"), view="volumes")


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not on this machine")
def test_the_dot_of_the_machine_does_as_well(monkeypatch):
    monkeypatch.setattr("archcalc.diagram.layout.engine", lambda: shutil.which("dot"))
    root = ElementTree.fromstring(diagram(archcalc.analyze("googlenet")).encode())
    assert len(root.findall(f"{SVG}g")) > 60


def test_nasnet_in_time():
    net = archcalc.analyze("nasnet")
    start = time.monotonic()
    diagram(net)
    assert time.monotonic() - start < 8  # 0.3 s where nothing else runs; wanted: 2
    start = time.monotonic()
    diagram(net, folds=False)
    assert time.monotonic() - start < 20  # 0.5 s; wanted: 10


# ── columns ──


@pytest.mark.parametrize(("name", "count", "columns"), [("vgg/16", 3, 3), ("resnet/152", 4, 4), ("googlenet", 3, 3)])
def test_columns_hold_the_same_figure(name, count, columns):
    made = picture(archcalc.analyze(name))
    look = diagram_module.Look(frozenset(("shape", "kernel")), THEMES["default"], "en", "TB", {})
    sizes = {box.id: diagram_module.measure(box, look) for box in made.boxes}
    tall = layout(diagram_module.dot(made, look, sizes))
    cut = cut_into_columns(tall, sizes, count)
    assert len(cut.links) == columns - 1
    assert cut.height < tall.height / columns * 1.35
    assert set(cut.centres) == set(tall.centres)
    for (_, head), wire in cut.wires.items():  # arrows end at their boxes as before
        before = tall.wires[_, head]
        for axis in (0, 1):
            offset = before.tip[axis] - tall.centres[head][axis]
            assert wire.tip[axis] - cut.centres[head][axis] == pytest.approx(offset)
    for link in cut.links:  # from below a box to where wires begin in the next column
        (x, y), goal = link[0], link[-1]
        assert any(abs(centre[0] - x) < 1 and centre[1] < y for centre in cut.centres.values())
        assert any(
            abs(wire.points[0][0] - goal[0]) < 2 and abs(wire.points[0][1] - goal[1]) < 2 for wire in cut.wires.values()
        )
    boxes = [
        (x - sizes[id].width / 2, y - sizes[id].height / 2, x + sizes[id].width / 2, y + sizes[id].height / 2)
        for id, (x, y) in cut.centres.items()
    ]
    assert not any(meet(one, other) for at, one in enumerate(boxes) for other in boxes[:at])
    assert all(left >= -0.1 and right <= cut.width + 0.1 for left, _, right, _ in boxes)


def test_a_figure_that_cannot_be_cut():
    net = report("input: {a: 3x8x8, b: 3x8x8}\nlayers:\n  - from a -> add b\n")
    with pytest.raises(TargetError, match="no layer of this figure alone"):
        diagram(net, columns=2)
    for options in ({"direction": "LR"}, {"view": "bars"}, {"format": "dot"}):
        with pytest.raises(TargetError, match="is for the view graph"):
            diagram(net, columns=2, **options)
    with pytest.raises(TargetError, match="at least 1"):
        diagram(net, columns=0)


# ── field ──


def test_frames_are_the_receptive_fields():
    drawn = str(diagram(archcalc.analyze("alexnet"), view="field"))
    # r grows by (k − 1)·j: 11, 19, 51, 67, 99, 131, 163, 195
    said = re.findall(r"<title>([\w.]+): (\d+)×\d+, jump (\d+)×", drawn)
    assert [(int(size), int(jump)) for _, size, jump in said if size] == [
        (195, 32), (163, 16), (131, 16), (99, 16), (67, 16), (51, 8), (19, 8), (11, 4),
    ]  # fmt: skip


def test_a_field_larger_than_the_input_and_one_on_a_sequence():
    large, small = (str(diagram(archcalc.analyze(name), view="field")) for name in ("resnet/18", "alexnet"))
    assert "435×435" in large
    assert (">padding<" in large, ">padding<" in small) == (True, False)  # 195 of 227 lie inside
    sequence = str(
        diagram(report("input: 64x1\nlayers:\n  - a: conv 8 5 half\n  - b: conv 8 3 /2 half\n"), view="field")
    )
    assert re.findall(r"<title>(\w+): (\d+), jump (\d+)", sequence) == [("b", "7", "2"), ("a", "5", "1")]
    # the page finds a layer by the id of its box
    boxes = {box.id for box in picture(archcalc.analyze("alexnet"), folds=False).boxes}
    ids = re.findall(r'<g id="(\w+)"', small)
    assert len(set(ids)) == len(ids) == 8
    assert set(ids) <= boxes
    assert "步距" in str(diagram(archcalc.analyze("lenet"), view="field", lang="zh"))
    with pytest.raises(TargetError, match="a sequence or a map"):
        diagram(archcalc.analyze("bert"), view="field")
    with pytest.raises(TargetError, match="numbers for its sizes"):
        diagram(archcalc.analyze("vgg/16", symbols=("H",)), view="field")


def test_a_report_draws_itself():
    report = archcalc.analyze("lenet")
    assert report.draw(view="bars") == diagram(report, view="bars")
    assert report.draw(format="pdf").startswith(b"%PDF")
    assert report.draw()._repr_svg_() == diagram(report)  # a notebook asks for it


# ── volumes ──


def test_towers_are_drawn_as_towers():
    canvas = next(canvas for view, canvas in canvases(archcalc.analyze("alexnet_2gpu")) if view == "volumes")
    rows = {text.y for text in texts(canvas) if text.text == "conv 192 × 3×3 p1"}
    assert len(rows) == 2


def test_volumes_fold_what_is_no_chain():
    made = str(diagram(archcalc.analyze("resnet/50"), view="volumes"))
    assert "layer1" in made
    with pytest.raises(TargetError, match="draws chains"):
        diagram(archcalc.analyze("refinenet"), view="volumes")


# ── command line ──


@pytest.mark.parametrize("ending", ["svg", "pdf", "dot", "gv", "mmd", "tex", "html"])
def test_the_ending_picks_the_form(ending, tmp_path, capsys):
    goal = tmp_path / f"net.{ending}"
    assert run(["draw", "lenet", "-o", str(goal)]) == 0
    assert capsys.readouterr() == ("", "")
    assert goal.stat().st_size > 300


def test_options_of_the_command(tmp_path, capsysbinary):
    arguments = ["draw", "resnet/18", "--depth", "2", "--show", "shape,params,macs,kernel,rf", "--direction", "LR"]
    assert run([*arguments, "--theme", "dark", "--lang", "zh", "--set", "classes=7", "--no-fold"]) == 0
    made = capsysbinary.readouterr().out.decode()
    assert "卷积" in made
    assert "fc 7" in made
    assert run(["draw", "lenet", "-f", "pdf", "-o", "-"]) == 0
    assert capsysbinary.readouterr().out.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--view", "volume"], "did you mean 'volumes'?"),
        (["--theme", "drak"], "did you mean 'dark'?"),
        (["--show", "param"], "did you mean 'params'?"),
        (["--direction", "RL"], "no direction 'RL'"),
        (["--view", "bars", "-f", "dot"], "draws the view graph only"),
        (["-o", "net.jpg"], "ends in no known format"),
    ],
)
def test_wrong_options(arguments, said, capsys):
    assert run(["draw", "lenet", *arguments]) == 2
    assert said in capsys.readouterr().err


# ── the page in a browser ──

PROBE = """<script>
addEventListener("load", () => {
  const seen = {};
  document.getElementById("n1").dispatchEvent(new Event("pointerenter"));
  seen.details = document.getElementById("details").textContent;
  seen.on = document.querySelectorAll("tbody tr.on").length;
  document.querySelectorAll("th button")[4].click();
  seen.first = document.querySelector("tbody tr td").textContent;
  document.querySelectorAll("th button")[4].click();
  seen.last = document.querySelector("tbody tr:last-child td").textContent;
  document.querySelectorAll("th button")[0].click();
  seen.alphabetic = document.querySelector("tbody tr td").textContent;
  const svg = document.querySelector("main svg");
  const view = () => svg.getAttribute("viewBox").split(" ").map(Number);
  const send = (event) => { const before = view(); svg.dispatchEvent(event); return [before, view()]; };
  const at = {clientX: 50, clientY: 60, pointerId: 1};
  seen.zoomed = send(new WheelEvent("wheel", {deltaY: -40, ...at}));
  svg.setPointerCapture = () => {};  // a made-up pointer cannot be captured
  svg.dispatchEvent(new PointerEvent("pointerdown", at));
  seen.moved = send(new PointerEvent("pointermove", {...at, clientX: 80}));
  svg.dispatchEvent(new PointerEvent("pointerup", at));
  seen.released = send(new PointerEvent("pointermove", {...at, clientX: 90}));
  seen.whole = send(new MouseEvent("dblclick"))[1];
  document.querySelector("tbody tr:nth-child(1)").click();
  seen.clicked = document.querySelector("#details p.name").textContent;
  seen.loaded = performance.getEntriesByType("resource").length;
  document.body.textContent = JSON.stringify(seen);
});
</script>"""


@pytest.mark.skipif(
    not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), reason="no Chromium here"
)
def test_the_page_works_in_a_browser(tmp_path):
    page = tmp_path / "net.html"
    made = str(diagram(archcalc.analyze("alexnet"), format="html"))
    page.write_text(made.replace("</body>", f"{PROBE}</body>"))
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    done = subprocess.run(
        [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    seen = json.loads(re.search(r"<body>(\{.*\})", done.stdout)[1])
    assert "105,415,200" in seen["details"]
    assert "96·3·11·11" in seen["details"]
    assert seen["on"] == 3  # conv, relu, lrn
    assert seen["first"] == "fc6.fc"  # the most parameters
    assert seen["last"] == "fc6.fc"
    assert seen["alphabetic"] == "conv1.conv"
    assert "conv1.conv" in seen["clicked"]
    before, after = seen["zoomed"]
    assert after[2] < before[2]
    assert after[2] / before[2] == pytest.approx(after[3] / before[3])
    before, after = seen["moved"]
    assert after[0] < before[0]  # the figure follows the hand to the right
    assert after[1:] == pytest.approx(before[1:])
    assert seen["released"][0] == seen["released"][1]
    assert seen["whole"] == [float(part) for part in re.search(r'viewBox="([^"]*)"', made)[1].split()]
    assert seen["loaded"] == 0
