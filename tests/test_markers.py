"""archcalc docs: what stands between markers in Markdown."""

import pytest

from archcalc.cli.entry import run


@pytest.fixture
def page(tmp_path):
    """Return a function that writes a page and runs the command on it: text → (exit code, text after)."""

    def execute(text, *options):
        path = tmp_path / "page.md"
        path.write_text(text, encoding="utf-8")
        code = run(["docs", str(path), *options])
        return code, path.read_text(encoding="utf-8")

    return execute


def test_a_number_stands_in_its_line(page):
    text = "A <!-- archcalc: number alexnet params -->?<!-- /archcalc --> b.\n"
    assert page(text) == (0, text.replace("?", "60,965,224"))
    short = "<!-- archcalc: number alexnet params --si --><!-- /archcalc -->"
    assert page(short) == (0, short.replace("--><!--", "-->61.0 M<!--"))


def test_a_table_is_markdown_unless_said_otherwise(page):
    code, made = page("<!-- archcalc: table lenet -->\nold\n<!-- /archcalc -->\nafter\n")
    assert code == 0
    assert "| C1.conv" in made
    assert "old" not in made
    assert made.endswith("\n<!-- /archcalc -->\nafter\n")
    code, made = page("<!-- archcalc: table lenet -f csv -->\n<!-- /archcalc -->\n")
    assert "```csv\nlayer," in made


def test_a_second_run_changes_nothing(page, capsys):
    text = "<!-- archcalc: table lenet --si -->\n<!-- /archcalc -->\n<!-- archcalc: layers conv --><!-- /archcalc -->\n"
    _, made = page(text)
    assert page(made) == (0, made)
    assert page(made, "--check") == (0, made)
    assert capsys.readouterr().out == ""


def test_check_prints_a_diff_and_writes_nothing(page, capsys):
    text = "It has <!-- archcalc: number lenet params -->1<!-- /archcalc -->.\n"
    assert page(text, "--check") == (1, text)
    shown = capsys.readouterr().out
    assert "-It has <!-- archcalc: number lenet params -->1<!-- /archcalc -->." in shown
    assert "+It has <!-- archcalc: number lenet params -->60,840<!-- /archcalc -->." in shown


def test_a_picture_lies_beside_the_page_and_keeps_its_text(page, tmp_path, capsys):
    text = "<!-- archcalc: draw lenet --view volumes -o pictures/l.svg -->\n![LeNet](old.svg)\n<!-- /archcalc -->\n"
    code, made = page(text)
    assert code == 0
    assert "\n![LeNet](pictures/l.svg)\n" in made
    picture = tmp_path / "pictures/l.svg"
    assert picture.read_text().startswith("<?xml")
    picture.write_text("old")
    assert page(made, "--check") == (1, made)
    assert "l.svg differs" in capsys.readouterr().out
    assert picture.read_text() == "old"


def test_mermaid_stands_in_place(page):
    _, made = page("<!-- archcalc: draw lenet --format=mmd -->\n<!-- /archcalc -->\n")
    assert "-->\n```mermaid\nflowchart TB\n" in made


def test_specs_are_found_beside_the_page(page, tmp_path):
    (tmp_path / "net.yaml").write_text("archcalc: 1\ninput: [4]\nlayers:\n  - fc: fc 3\n", encoding="utf-8")
    _, made = page("<!-- archcalc: number net.yaml params --><!-- /archcalc -->")
    assert ">15<" in made


@pytest.mark.parametrize("text", ["```markdown\n{}\n```\n", "~~~\n{}\n~~~\n", "Write `{}`.\n"])
def test_markers_that_are_only_shown_stay(page, text):
    shown = text.format("<!-- archcalc: number lenet params -->1<!-- /archcalc -->")
    assert page(shown) == (0, shown)


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("tabel lenet", "did you mean 'table'?"),
        ("number lenet parms", "names are params"),
        ("table lenett", "did you mean 'lenet'?"),
        ("table lenet --depht 1", "--depht"),
        ("draw lenet -o ../l.svg", "lies beside its file"),
        ("draw lenet -o /tmp/l.svg", "lies beside its file"),
        ("table lenet -o x.md", "only draw writes a file"),
        ("table 'lenet", "No closing quotation"),
    ],
)
def test_wrong_markers_name_file_and_line(page, capsys, marker, said):
    text = f"one\n\n<!-- archcalc: {marker} -->\n<!-- /archcalc -->\n"
    assert page(text) == (2, text)
    shown = capsys.readouterr().err
    assert "page.md:3: error[" in shown
    assert said in shown


def test_a_marker_without_end(page, capsys):
    code, _ = page("<!-- archcalc: number lenet params -->\n<!-- archcalc: number lenet macs --><!-- /archcalc -->\n")
    assert code == 2
    assert "page.md:1: error[E010]: this marker has no <!-- /archcalc -->" in capsys.readouterr().err


def test_an_output_that_holds_a_marker_is_refused(page, tmp_path, capsys):
    (tmp_path / "net.yaml").write_text(
        "archcalc: 1\n# <!-- /archcalc -->\ninput: [4]\nlayers:\n  - fc 3\n", encoding="utf-8"
    )
    code, _ = page("<!-- archcalc: show net.yaml -->\n<!-- /archcalc -->\n")
    assert code == 2
    assert "holds a marker itself" in capsys.readouterr().err
