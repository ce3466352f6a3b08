"""Reports as tables: every style and format, right numbers, harmless text, columns that line up."""

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product

import pytest
from helpers import EXAMPLE_LIBRARY

import archcalc
from archcalc.errors import TargetError
from archcalc.quantities import Ops, Weight, Window
from archcalc.render import table
from archcalc.render.columns import COLUMNS
from archcalc.render.formats import FORMATS
from archcalc.render.headings import HEADINGS, PHRASES
from archcalc.render.styles import STYLES
from archcalc.render.text import abbreviated, percent, short, width
from archcalc.report import Derivation, Folder, Node, Report

HOSTILE = "<script>alert(1)</script> a|b $x$ 100% _i_ \\cmd{} `q` =1+1 \u202egnp\x1b[31m\r\n"


def fake(node, quantity, notation):
    value = {"params": node.params, "macs": node.macs}.get(quantity, node.output[-1])
    return Derivation(quantity, "names", f"<{quantity}|{notation}>", value)


def conv(path, out, channels, *, mode="both", reads="x", size=8, **facts):
    weights = (Weight("weight", (out, channels, 3, 3)), Weight("bias", (out,)))
    return Node(
        path=path,
        op="conv",
        family="conv",
        settings={"out": out, "kernel": 3, "stride": 1, "pad": 1, "dilation": 1, "groups": 1, "bias": True},
        inputs=(reads,),
        input=((channels, size, size),),
        output=(out, size, size),
        weights=weights,
        ops=Ops(mac=out * channels * 9 * size * size, bias=out * size * size),
        window=Window((3, 3), (1, 1), (1, 1), (1, 1), (1, 1)),
        mode=mode,
        **facts,
    )


def hand_made(**changes):
    """Two equal blocks, a head for training, buffers, frozen weights, notes."""
    norm = Node(
        path="b.bn",
        op="bn",
        family="norm",
        settings={"scale": True, "shift": True, "stats": True},
        inputs=("b.conv",),
        input=((4, 8, 8),),
        output=(4, 8, 8),
        weights=(
            Weight("weight", (4,), "frozen"),
            Weight("bias", (4,), "frozen"),
            Weight("running_mean", (4,), "buffer"),
            Weight("running_var", (4,), "buffer"),
        ),
        window=Window((1, 1), (1, 1), (1, 1), (0, 0), (0, 0)),
    )
    rows = (
        conv("a", 4, 3, note="first of all", device="gpu1"),
        conv("b.conv", 4, 4, reads="a"),
        norm,
        conv("c.conv", 4, 4, reads="b.bn"),
        conv("c_2.conv", 4, 4, reads="c.conv"),
        conv("head.conv", 2, 4, mode="train", reads="c_2.conv"),
    )
    folders = {path: Folder(path, "unit(c=4)") for path in ("b", "c", "c_2")}
    report = Report("hand", "Hand-made", "nobody, 2024", {"x": (3, 8, 8)}, {"out": (4, 8, 8)}, rows, folders)
    return replace(report, **changes)


def hostile():
    report = hand_made(title=HOSTILE, source=HOSTILE, note=HOSTILE)
    rows = [replace(row, path=f"={HOSTILE}{at}", note=HOSTILE) for at, row in enumerate(report.rows)]
    rows = tuple(replace(row, inputs=(rows[at - 1].path if at else "x",)) for at, row in enumerate(rows))
    return replace(report, rows=rows, folders={})


@pytest.fixture(scope="module")
def reports():
    made = [hand_made(), hand_made(batch=8), hostile()]
    made += map(archcalc.analyze, ("alexnet/single", "lenet", "resnet/18", "siamese", "charrnn"))
    made.append(archcalc.analyze("unet", symbols=("H", "W")))
    return [*made, archcalc.analyze("dcgan:d", batch=2)]


ALL = list(product(STYLES, (*FORMATS, "json"), ("en", "zh"), (False, True)))


@pytest.mark.parametrize(("style", "form", "lang", "ascii"), ALL)
def test_every_style_in_every_format(style, form, lang, ascii, reports):
    for report in reports:
        text = table(report, style=style, format=form, lang=lang, ascii=ascii, derive=fake)
        assert text
        assert not text.endswith("\n")
        assert not set(text) & {"\x1b", "\u202e", "\r"}
        assert text.isascii() or not ascii


def test_headings_and_phrases_are_complete():
    assert set(COLUMNS) <= set(HEADINGS)
    for english, chinese in (*HEADINGS.values(), *PHRASES.values()):
        assert re.findall(r"{\w+}", english) == re.findall(r"{\w+}", chinese)
        assert english
        assert chinese


# ── Numbers ──


def cells(report, **options):
    return list(csv.DictReader(io.StringIO(table(report, format="csv", **options))))


def test_csv_has_exact_numbers_that_add_up_to_the_totals():
    # BVLC Caffe bvlc_alexnet/deploy.prototxt; the multiply-adds are the sum of the grouped layers by hand
    report = archcalc.analyze("alexnet")
    rows = cells(report, columns=["layer", "params", "macs", "buffers", "activations"])
    assert rows[0]["layer"] == "x"
    assert sum(int(row["params"]) for row in rows[1:]) == 60_965_224
    assert sum(int(row["macs"]) for row in rows[1:]) == 724_406_816
    assert sum(int(row["activations"]) for row in rows[1:]) == report.totals.activations


@pytest.mark.parametrize("depth", [None, 1, 2, 3, 9])
@pytest.mark.parametrize("name", ["resnet/18", "googlenet", "densenet", "siamese"])
def test_folding_keeps_every_sum(name, depth):
    report = archcalc.analyze(name)
    rows = cells(report, depth=depth, columns=["params", "macs", "buffers", "add", "cmp"])
    totals = report.totals
    for key, total in (("params", totals.params_train), ("macs", totals.macs_train)):
        assert sum(int(row[key] or 0) for row in rows) == total


def test_totals_line_is_the_sum_of_its_rows():
    text = table(hand_made())
    # by hand: 4·3·9 + 4 = 112; 4·4·9 + 4 = 148, three times; 2·4 frozen; the head 2·4·9 + 2 = 74
    assert re.search(r"Total +564 +100.0 +34,560 +100.0", text)  # 112 + 3·148 + 8; 64·(108 + 3·144)
    assert re.search(r"Total, heads +74 +4,608", text)
    assert re.search(r"Total, training +638 +39,168", text)
    assert "Parameters frozen: 8; trainable: 556." in text
    assert "Buffers (running statistics, not parameters): 8." in text


def test_batch_multiplies_operations_and_shapes_but_not_parameters():
    columns = ["layer", "output", "params", "macs"]
    one, eight = (cells(hand_made(batch=batch), columns=columns) for batch in (1, 8))
    assert eight[1]["output"] == "8x4x8x8"
    assert [row["params"] for row in one] == [row["params"] for row in eight]
    assert [int(row["macs"] or 0) * 8 for row in one] == [int(row["macs"] or 0) for row in eight]


def test_flops_are_twice_the_macs_and_say_so():
    text = table(hand_made(), columns=["layer", "macs", "flops"])
    assert "FLOPs (2 x MACs)" in text
    assert re.search(r"a +6,912 +13,824", text)  # 4·3·9·64


def test_json_is_one_sample_whatever_the_style():
    report = hand_made(batch=8)
    for style in STYLES:
        document = json.loads(table(report, style=style, format="json"))
        assert document == json.loads(json.dumps(report.to_dict()))
        assert document["totals"]["macs"] == 34_560


def test_short_numbers_and_shares():
    counts = (0, 999, 1000, 1234, 12_345, 999_499, 999_500, 138_357_544, 15_470_264_320)
    texts = ("0", "999", "1.00 K", "1.23 K", "12.3 K", "999 K", "1.00 M", "138 M", "15.5 G")
    assert tuple(map(short, counts)) == texts
    assert short(9_995_000) == "10.0 M"
    assert short(99_950_000) == "100 M"
    assert [percent(n, 1000) for n in (0, 1, 5, 1000)] == ["0.0", "0.1", "0.5", "100.0"]
    assert percent(1, 10**6) == "<0.1"
    assert "61.0 M" in table(archcalc.analyze("alexnet"), si=True)


def test_free_sizes_are_shown_as_formulas():
    # language reference, section 14: U-Net's MACs and output with H = 16h + 12, W = 16w + 12
    text = table(archcalc.analyze("unet", symbols=("H", "W")), depth=1)
    assert "MACs = 187875328·h·w − 1314256896·(h + w) + 12279130368" in text
    assert "2x(16h−172)x(16w−172)" in text
    plain = table(archcalc.analyze("unet", symbols=("H", "W")), depth=1, ascii=True)
    assert "MACs = 187875328*h*w - 1314256896*(h + w) + 12279130368" in plain
    assert "h >= " in text


# ── Choosing and ordering ──


def test_equal_neighbours_are_one_row():
    rows = cells(hand_made(), depth=1)
    assert [row["layer"] for row in rows] == ["x", "a", "b", "c ×2", "head"]
    assert rows[2]["type"] == "unit"
    assert rows[3]["params"] == str(2 * 148)


def test_sort_puts_the_largest_first_and_inputs_on_top():
    rows = cells(archcalc.analyze("alexnet"), sort="params")
    assert [row["layer"] for row in rows[:4]] == ["x", "fc6.fc", "fc7.fc", "fc8.fc"]


def test_every_fact_can_be_a_column(reports):
    for report in reports:
        for form in ("terminal", "csv"):
            assert table(report, columns=list(COLUMNS), format=form, derive=fake)


def test_columns_of_other_styles_can_be_chosen():
    rows = cells(archcalc.analyze("lenet/rgb"), style="lenet", columns=["params", "layer"])
    assert list(rows[1].items()) == [("params", "608"), ("layer", "CONV1 (f=5, s=1)")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"style": "sumary"}, "no style 'sumary' (did you mean 'summary'?); there are summary, lecture"),
        ({"format": "md"}, "no format 'md'"),
        ({"columns": ["parms"]}, "no column 'parms' (did you mean 'params'?); there are layer, type"),
        ({"style": "keras", "columns": ["macs"]}, "no column of style keras 'macs'"),
        ({"sort": "layer"}, "no numeric column 'layer'"),
        ({"layout": "cwh"}, "no layout 'cwh' (did you mean 'chw'?); there are chw, hwc"),
        ({"lang": "fr"}, "no lang 'fr'; there are en, zh"),
        ({"depth": 0}, "depth=0 must be at least 1"),
    ],
)
def test_options_that_mean_nothing(options, message):
    with pytest.raises(TargetError) as caught:
        table(hand_made(), **options)
    assert message in str(caught.value)


def test_sort_by_a_formula_is_refused():
    with pytest.raises(TargetError, match="cannot sort by macs"):
        table(archcalc.analyze("unet", symbols=("H",)), sort="macs")


def test_layouts():
    report = archcalc.analyze("alexnet")
    assert "96x55x55" in table(report)
    assert "55x55x96" in table(report, layout="hwc")
    assert "55*55*96" in table(report, style="lecture")
    assert "96*55*55" in table(report, style="lecture", layout="chw")
    assert "(None, 96, 55, 55)" in table(report, style="keras", layout="chw")


def test_chinese():
    text = table(archcalc.analyze("resnet/18"), depth=1, lang="zh")
    assert text.splitlines()[2].split() == ["层", "类型", "设置", "输出", "参数量", "%", "乘加", "%"]
    assert "合计" in text


# ── On the screen ──


WIDE = ["alexnet", "alexnet_2gpu", "resnet/50", "resnet/152", "googlenet", "vgg/16", "nasnet"]


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize("depth", [None, 1, 2])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_summary_fits_a_hundred_columns(name, depth, lang):
    text = table(archcalc.analyze(name), depth=depth, lang=lang)
    assert max(map(width, text.splitlines())) <= 100


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_columns_line_up(lang):
    lines = table(archcalc.analyze("alexnet"), lang=lang).splitlines()
    rule = next(line for line in lines if line.startswith("─"))
    assert {width(line) for line in lines if line.endswith("100.0")} == {width(rule)}


def test_shortened_paths_stay_different_and_are_explained():
    report = archcalc.analyze("resnet/152")
    text = table(report)
    rows = [line.split()[0] for line in text.splitlines()[4 : 5 + len(report.rows)]]
    assert len(set(rows)) == len(report.rows) + 1
    assert "b: bottleneck" in text


def test_paths_that_cannot_be_abbreviated_lose_their_beginning():
    assert abbreviated(["x" * 40], 10, "…") == (["…xxxxxxxxx"], "")


def test_colour_only_when_asked_for():
    assert "\x1b[" not in table(hand_made())
    coloured = table(hand_made(), color=True)
    assert re.sub(r"\x1b\[\d*m", "", coloured) == table(hand_made())


# ── The tables of the lecture notes, in their own layout with right values ──


def rows_of(text):
    return [re.split(r"  +", line.strip()) for line in text.splitlines()]


def test_lecture_table_of_alexnet():
    # lecture notes 004, lines 97-110; values from the formulas in the cells, single tower
    rows = rows_of(table(archcalc.analyze("alexnet/single"), style="lecture"))
    assert ["id", "layer", "input", "structure", "output", "parameters", "operations"] in rows
    assert [
        *("1", "conv1", "input image 227*227*3", "filter: 96 of 11*11, stride=4, (227-11)/4+1=55"),
        "55*55*96",
        *("(11*11*3+1)*96 = 34,944", "(11*11*3)*96*55*55 = 105,415,200"),
    ] in rows
    assert ["2", "pool1", "55*55*96", "maxpool: 3*3, stride=2, (55-3)/2+1=27", "27*27*96", "0", "0"] in rows
    fc6 = next(row for row in rows if row[0] == "9")
    assert fc6[1:4] == ["fc6", "6*6*256 = 9216", "layer: 4096"]
    assert fc6[4:] == ["4096", "(9216+1)*4096 = 37,752,832", "9216*4096 = 37,748,736"]
    assert ["Total", "62,378,344", "1,135,256,096"] in rows
    names = " ".join(row[1] for row in rows if row[0].isdigit())
    assert names == "conv1 pool1 conv2 pool2 conv3 conv4 conv5 pool5 fc6 fc7 fc8 softmax"


def test_lecture_table_of_lenet():
    # lecture notes 000, lines 7-16: every printed cell is right
    made = table(archcalc.analyze("lenet/rgb"), style="lenet", lang="zh", format="markdown")
    made = made.replace("\\*", "*")
    lines = [re.sub(r" +", " ", line) for line in made.splitlines()]
    for line in (
        "| 层 | 维度 (H, W, C) | 大小 | 参数量 |",
        "| CONV1 (f=5, s=1) | (28, 28, 8) | 6272 | (5*5*3 + 1) * 8 = 608 |",
        "| POOL1 | (14, 14, 8) | 1568 | 0 |",
        "| CONV2 (f=5, s=1) | (10, 10, 16) | 1600 | (5*5*8 + 1) * 16 = 3216 |",
        "| POOL2 | (5, 5, 16) | 400 | 0 |",
        "| FC3 | (120, 1) | 120 | 400*120 + 120 = 48120 |",
        "| FC4 | (84, 1) | 84 | 120*84 + 84 = 10164 |",
        "| Softmax | (10, 1) | 10 | 84*10 + 10 = 850 |",
    ):
        assert line in lines
    assert "**62958**" in made


def test_a_folder_lends_its_name_to_its_only_layer():
    report = archcalc.analyze("resnet/18", library=EXAMPLE_LIBRARY)
    rows = cells(report, style="lecture", columns=["layer", "output"])
    names = [row["layer"] for row in rows]
    assert names[:3] == ["conv1.conv", "conv1.bn", "pool1"]
    assert "layer1.basic.res" in names  # not layer1.basic: the convolutions lie there too
    assert cells(archcalc.analyze("lenet"), style="lecture")[0]["layer"] == "C1"


INCEPTION = """\
archcalc: 1
variants:
  kind:
    naive: {}
    reduced: {}
defaults: {conv: half}
input: 256x28x28
layers:
  - if: kind == naive
    then:
      - concat: [conv 128 1x1, conv 192 3x3, conv 96 5x5, maxpool 3x3 /1 pad=1]
    else:
      - concat:
          - conv 128 1x1
          - conv 64 1x1 -> conv 192 3x3
          - conv 64 1x1 -> conv 96 5x5
          - maxpool 3x3 /1 pad=1 -> conv 64 1x1
"""


def test_inception_tables(tmp_path):
    # lecture notes 004, lines 265-270 and 287-295; for the printed 358M its own rows add up to 271,351,808
    spec = tmp_path / "inception.yaml"
    spec.write_text(INCEPTION)
    naive = rows_of(table(archcalc.analyze(f"{spec}/naive"), style="ops"))
    assert naive[4:9:2] == [
        ["[1x1 conv, 128]", "28x28x128x1x1x256"],
        ["[5x5 conv, 96]", "28x28x96x5x5x256"],
        ["Total:", "854M ops"],
    ]
    assert naive[5] == ["[3x3 conv, 192]", "28x28x192x3x3x256"]
    reduced = rows_of(table(archcalc.analyze(f"{spec}/reduced"), style="ops"))
    assert sorted(reduced[4:10]) == [
        ["[1x1 conv, 128]", "28x28x128x1x1x256"],
        *[["[1x1 conv, 64]", "28x28x64x1x1x256"]] * 3,
        ["[3x3 conv, 192]", "28x28x192x3x3x64"],
        ["[5x5 conv, 96]", "28x28x96x5x5x64"],
    ]
    assert ["Total:", "271M ops"] in reduced
    assert ["271,351,808 multiply-adds; biases not counted."] in reduced


KERAS_LENET = """\
_________________________________________________________________
Layer (type)                 Output Shape              Param #
=================================================================
conv2d (Conv2D)              (None, 28, 28, 6)         156
_________________________________________________________________
max_pooling2d (MaxPooling2D) (None, 14, 14, 6)         0
_________________________________________________________________
conv2d_1 (Conv2D)            (None, 10, 10, 16)        2416
_________________________________________________________________
max_pooling2d_1 (MaxPooling2 (None, 5, 5, 16)          0
_________________________________________________________________
flatten (Flatten)            (None, 400)               0
_________________________________________________________________
dense (Dense)                (None, 120)               48120
_________________________________________________________________
dense_1 (Dense)              (None, 84)                10164
_________________________________________________________________
dense_2 (Dense)              (None, 10)                850
=================================================================
Total params: 61,706
Trainable params: 61,706
Non-trainable params: 0"""


def test_keras_printout_of_lenet(tmp_path):
    # lecture notes 001, lines 356-379, numbered from the printout's own start
    spec = tmp_path / "keras28.yaml"
    spec.write_text(
        "archcalc: 1\ninput: 1x28x28\nlayers:\n"
        "  - conv 6 5x5 same -> relu -> maxpool 2x2 -> conv 16 5x5 -> relu -> maxpool 2x2\n"
        "  - fc 120 -> relu -> fc 84 -> relu -> fc 10 -> softmax\n"
    )
    head, _, body = table(archcalc.analyze(str(spec)), style="keras").partition("\n")
    assert head.startswith('Model: "')
    assert body == KERAS_LENET


def test_keras_printout_of_alexnet_with_batch_norm(tmp_path):
    # lecture notes 001, lines 530-575
    spec = tmp_path / "keras.yaml"
    layers = ["conv 96 11x11 /4 -> relu -> bn -> maxpool 3x3 /2"]
    layers += ["conv 256 5x5 same -> relu -> bn -> maxpool 3x3 /2"]
    layers += ["conv 384 3x3 same -> relu -> bn", "conv 384 3x3 same -> relu -> bn"]
    layers += ["conv 256 3x3 same -> relu -> bn -> maxpool 2x2 /2"]
    layers += ["fc 4096 -> tanh -> dropout 0.5", "fc 4096 -> tanh -> dropout 0.5", "fc 10 -> softmax"]
    items = "".join(f"  - {layer}\n" for layer in layers)
    spec.write_text(f"archcalc: 1\ninput: 3x227x227\nlayers:\n{items}")
    lines = table(archcalc.analyze(str(spec)), style="keras").splitlines()
    for line in (
        "batch_normalization (BatchNo (None, 55, 55, 96)        384",
        "conv2d_1 (Conv2D)            (None, 27, 27, 256)       614656",
        "max_pooling2d_2 (MaxPooling2 (None, 6, 6, 256)         0",
        "dropout (Dropout)            (None, 4096)              0",
        "dropout_1 (Dropout)          (None, 4096)              0",
        "dense_2 (Dense)              (None, 10)                40970",
        "Total params: 58,327,818",
        "Trainable params: 58,325,066",
        "Non-trainable params: 2,752",
    ):
        assert line in lines
    assert len([line for line in lines if line.startswith("___")]) == 19


def test_keras_printout_of_branches_says_what_is_connected():
    lines = table(archcalc.analyze("resnet/50"), style="keras").splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("add (Add)  "))
    assert lines[at].endswith("(None, 56, 56, 256)   0          batch_normalization_3[0][0]")
    assert lines[at + 1] == " " * 65 + "batch_normalization_4[0][0]"
    assert max(map(len, lines)) == 98


def test_keras_printout_cuts_names_but_no_number():
    huge = replace(conv("a", 4, 3), output=(10**8,) * 3, weights=(Weight("w", (10**17,)),), ops=Ops())
    text = table(hand_made(rows=(huge,)), style="keras")
    assert "(None, 100000000, 100000000, 100000000) 100000000000000000" in text


def test_stages_of_resnet():
    # table 1 of the ResNet paper
    text = table(archcalc.analyze("resnet/50"), style="stages", width=200)
    for stage in (
        "7x7, 64, stride 2",
        "3x3 maxpool, stride 2 → [1x1, 64; 3x3, 64; 1x1, 256] ×3",
        "[1x1, 128; 3x3, 128; 1x1, 512] ×4",
        "[1x1, 256; 3x3, 256; 1x1, 1024] ×6",
        "[1x1, 512; 3x3, 512; 1x1, 2048] ×3",
        "gap → 1000-d fc",
    ):
        assert stage in text
    assert "25,557,032" in text
    assert "4,089,184,256" in text


# ── Harmless text ──


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        assert {name for name, _ in attrs} <= {"class", "style", "colspan"}


@pytest.mark.parametrize("style", STYLES)
def test_html_has_only_its_own_tags(style):
    parser = Tags()
    parser.feed(table(hostile(), style=style, format="html", derive=fake))
    assert parser.tags <= {"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "br"}


@pytest.mark.parametrize("style", STYLES)
def test_markdown_rows_have_equal_cells(style):
    text = table(hostile(), style=style, format="markdown", derive=fake)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    assert "<" not in text
    assert not re.search(r"(?<!\\)[$`]", text)


@pytest.mark.parametrize("style", STYLES)
def test_latex_has_no_unescaped_special(style):
    text = table(hostile(), style=style, format="latex", derive=fake)
    own = r"\\(begin|end)\{tabular\}(\{\w+\})?|\\multicolumn\{\d+\}\{l\}|\\text\w+(\{\})?|\$\\[a-z]+\$"
    body = re.sub(own, "", text)
    assert "\\cmd" not in body
    for line in body.splitlines():
        assert not re.search(r"(?<!\\)[%#$^~_|<>`\"]", line)
        assert not line.startswith(("[", "*"))


@pytest.mark.parametrize("form", ["csv", "tsv"])
@pytest.mark.parametrize("style", STYLES)
def test_spreadsheets_see_no_formula(style, form):
    text = table(hostile(), style=style, format=form, derive=fake)
    rows = list(csv.reader(io.StringIO(text), delimiter="," if form == "csv" else "\t"))
    assert len({len(row) for row in rows}) == 1
    for cell in (cell for row in rows for cell in row):
        assert not cell.startswith(("=", "+", "-", "@"))


def test_terminal_shows_control_and_direction_characters_as_escapes():
    text = table(hostile())
    assert "\\u202e" in text
    assert "\\u001b[31m" in text


# ── On record ──

GOLDEN = [
    ("summary-alexnet.txt", "alexnet", {}),
    ("summary-googlenet-depth-1.txt", "googlenet", {"depth": 1}),
    ("summary-resnet-50-depth-2-zh.txt", "resnet/50", {"depth": 2, "lang": "zh", "si": True}),
    ("summary-resnet-18-ascii.txt", "resnet/18", {"ascii": True}),
    ("lecture-alexnet.txt", "alexnet/single", {"style": "lecture"}),
    ("lecture-alexnet-zh.md", "alexnet/single", {"style": "lecture", "lang": "zh", "format": "markdown"}),
    ("lenet.txt", "lenet/rgb", {"style": "lenet"}),
    ("ops-alexnet.tex", "alexnet", {"style": "ops", "format": "latex"}),
    ("keras-alexnet.txt", "alexnet", {"style": "keras"}),
    ("stages-resnet-50.txt", "resnet/50", {"style": "stages"}),
    ("stages-vgg-16.html", "vgg/16", {"style": "stages", "format": "html"}),
    ("summary-lenet.csv", "lenet", {"format": "csv"}),
]


@pytest.mark.parametrize(("name", "target", "options"), GOLDEN, ids=[name for name, _, _ in GOLDEN])
def test_golden(name, target, options, golden):
    text = table(archcalc.analyze(target), **options)
    assert text == golden(name, text)


def test_groups_have_their_shares():
    text = archcalc.analyze("vgg/16").table(group="type")
    # 25,088·4096 + 4096 + 4096² + 4096 + 4096·1000 + 1000 = 123,642,856 of 138,357,544
    assert "fc holds 89.4 % of the parameters." in text
    assert [line.split()[:3] for line in text.splitlines() if line.startswith("fc  ")] == [["fc", "3", "123,642,856"]]
    stages = archcalc.analyze("resnet/50").table(group="stage", format="csv").splitlines()
    assert [line.partition(",")[0] for line in stages[1:]] == ["112x112", "56x56", "28x28", "14x14", "7x7", "1"]
    assert "占参数量的 89.4 %" in archcalc.analyze("vgg/16").table(group="family", lang="zh")
    with pytest.raises(TargetError, match="no group 'kind'"):
        archcalc.analyze("vgg/16").table(group="kind")
    with pytest.raises(TargetError, match="without depth"):
        archcalc.analyze("vgg/16").table(group="type", depth=1)


# Araujo, Norris, Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill 2019, table of networks;
# its ResNets have the stride in the first convolution of a block, its Inception v2 is BN-Inception
PUBLISHED = {
    "alexnet/owt": 195, "vgg/16": 212, "mobilenet_v1": 315, "resnet/50-v1": 483, "resnet/101-v1": 1027,
    "resnet/152-v1": 1507, "bn_inception": 699, "inception_v3": 1311, "inception_v4": 2071, "inception_resnet": 3039,
}  # fmt: skip


@pytest.mark.parametrize(("target", "size"), PUBLISHED.items())
def test_the_receptive_field_column_has_the_published_sizes(target, size):
    text = archcalc.analyze(target).table(columns="layer,rf", format="csv")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row.get("section") != "Training only"]
    assert max(int(row["rf"].partition("x")[0]) for row in rows if "x" in row["rf"]) == size


def test_columns_of_the_receptive_field():
    rows = archcalc.analyze("alexnet").table(columns="layer,rf,rf_min,jump,start,centre", format="csv").splitlines()
    assert rows[2] == "conv1.conv,11x11,11x11,4x4,0x0,5x5"
    # r = 19 + 4·8, the padding of 2 begins 2·8 before 0; the centre is that of the field before
    assert next(row for row in rows if row.startswith("conv2.conv")) == 'conv2.conv,51x51,51x51,8x8,"−16, −16",9x9'
    assert rows[-1].startswith("fc8.softmax,all")
