"""archcalc docs: what stands between markers in Markdown."""

from pathlib import Path

import pytest

from archcalc.cli.entry import run

ROOT = Path(__file__).parent.parent
# the gallery has a test of its own, since its places depend on the engine
PAGES = [path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if path.name != "gallery.md"]


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


@pytest.mark.parametrize(
    "text",
    ["```markdown\n{}\n```\n", "~~~\n{}\n~~~\n", "````\n```\n{}\n````\n", "- x\n\n      ```\n      {}\n      ```\n",
     "> ```\n> {}\n> ```\n", "```\n{}\n", "Write `{}`.\n", "Write ``a`{}``.\n"],
)  # fmt: skip
def test_markers_that_are_only_shown_stay(page, text):
    shown = text.format("<!-- archcalc: number lenet params -->1<!-- /archcalc -->")
    assert page(shown) == (0, shown)


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("tabel lenet", "did you mean 'table'?"),
        ("number lenet parms", "did you mean 'params'"),
        ("table lenett", "did you mean 'lenet'?"),
        ("table lenet --depht 1", "--depht"),
        ("draw lenet -o ../l.svg", "lies beside its file"),
        ("draw lenet -o /tmp/l.svg", "lies beside its file"),
        ("draw lenet -o../l.svg", "lies beside its file"),
        ("draw lenet --output=../l.svg", "lies beside its file"),
        ("draw lenet -o l.svg -o ../l.svg", "lies beside its file"),
        ("draw lenet -o l.svgg", "did you mean '.svg'?"),
        ("table -", "a page has no stdin"),
        ("", "no block ''"),
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


def test_an_end_without_a_beginning(page, capsys):
    text = "<!-- archcalc: number lenet params -->1<!-- /archcalc -->\n<!-- /archcalc -->\n"
    assert page(text) == (2, text)
    assert "page.md:2: error[E010]: nothing is open" in capsys.readouterr().err


def test_markers_with_other_spaces_count(page):
    text = "<!--archcalc:number  lenet params-->?<!--/archcalc--> and ` alone, <!--\tarchcalc: number lenet params\n-->"
    assert page(f"{text}?<!-- /archcalc -->")[1] == f"{text}?<!-- /archcalc -->".replace("?", "60,840")


def test_lines_end_as_they_did(page, tmp_path):
    path = tmp_path / "page.md"
    text = "a\r\n<!-- archcalc: draw lenet -f mmd -->\r\n<!-- /archcalc -->\r\n"
    path.write_bytes(text.encode())
    assert run(["docs", str(path)]) == 0
    made = path.read_bytes()
    assert made.startswith(b"a\r\n")
    assert made.count(b"\n") == made.count(b"\r\n") > 10
    assert run(["docs", "--check", str(path)]) == 0


def test_other_files_than_images_are_links(page, tmp_path):
    _, made = page('<!-- archcalc: draw lenet --view bars -o "the net.html" -->\n<!-- /archcalc -->\n')
    assert "\n[lenet](the%20net.html)\n" in made
    assert (tmp_path / "the net.html").read_text().startswith("<!DOCTYPE html>")


def test_a_folder_that_cannot_be_made(page, capsys):
    text = "<!-- archcalc: draw lenet --view bars -o page.md/l.svg -->\n<!-- /archcalc -->\n"
    assert page(text) == (2, text)
    assert "cannot make the folder" in capsys.readouterr().err


def test_an_output_that_holds_a_marker_is_refused(page, tmp_path, capsys):
    (tmp_path / "net.yaml").write_text(
        "archcalc: 1\n# <!-- /archcalc -->\ninput: [4]\nlayers:\n  - fc 3\n", encoding="utf-8"
    )
    code, _ = page("<!-- archcalc: show net.yaml -->\n<!-- /archcalc -->\n")
    assert code == 2
    assert "holds a marker itself" in capsys.readouterr().err


def test_our_own_pages_are_true(request, capsys):
    marked = [str(path) for path in PAGES if "<!-- archcalc: " in path.read_text(encoding="utf-8")]
    assert str(ROOT / "README.md") in marked
    update = request.config.getoption("--update-golden")
    code = run(["docs", *([] if update else ["--check"]), *marked])
    assert (code, capsys.readouterr().out) == (0, "")
