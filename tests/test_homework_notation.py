"""How answers are written: numbers, shapes and calculations, each with its value by hand."""

from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from archcalc.homework.alone import judge_expression, judge_text
from archcalc.homework.arithmetic import DEEPEST, LONGEST, UnreadableError, evaluate
from archcalc.homework.cell import fit_shape, is_blank, read_count, read_shape
from archcalc.homework.headings import meanings
from archcalc.homework.number import read_number

CASES = yaml.safe_load((Path(__file__).parent / "homework" / "notations.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"])
def test_notation(case):
    if case.get("kind") == "shape":
        assert read_shape(case["text"]).value == case["value"]
        return
    cell = read_count(case["text"])
    value = cell.number.value if cell.number else cell.stated_formula
    assert value == case["value"]
    if "fits" in case:
        assert cell.number.fit(case["fits"])
    if "not" in case:
        assert cell.number.fit(case["not"]) is None


@given(st.integers(0, 10**12))
def test_grouping_says_the_same(value):
    plain = read_number(str(value)).value
    assert plain == value == read_number(f"{value:,}").value == read_number(f"{value:,}".replace(",", " ")).value


@given(st.integers(1, 10**10), st.integers(0, 3))
def test_rounding_is_accepted(value, decimals):
    text = f"{value / 10**6:.{decimals}f}M"
    assert read_number(text).fit(Fraction(text[:-1]) * 10**6) == "exact"
    if Fraction(text[:-1]):
        assert read_number(text).fit(value) is not None


TREES = st.recursive(
    st.integers(0, 99).map(str),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
    max_leaves=12,
)


@given(TREES)
def test_arithmetic_is_pythons(text):
    assert evaluate(text).number == eval(text)


@given(TREES)
def test_latex_spelling_says_the_same(text):
    latex = "$" + text.replace("*", r"\times ").replace("(", r"\left(").replace(")", r"\right)") + "$"
    assert evaluate(latex) == evaluate(text)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text):
    read_count(text)
    read_shape(text)
    judge_text(text)
    meanings(text)


@pytest.mark.parametrize(
    "text",
    ["9**9**9**9", "(" * (DEEPEST + 2) + "1" + ")" * (DEEPEST + 2), "1+" * LONGEST + "1", "1/0", "1" * 90,
     "__import__('os').system('x')", "a/(b+c)", "floor(n/2)", "2^99", "(a+b+c+d+e+f+g+h)^60"],
)  # fmt: skip
def test_what_is_refused(text):
    with pytest.raises(UnreadableError):
        evaluate(text)


@pytest.mark.parametrize(
    ("a", "b"),
    [("(n*m*l+1)*k", "k + klmn"), ("12d^2+5d", "d(12d+5)"), ("(k-1)(n-1)+k", "kn - n + 1"), ("n^2+kn+nm", "n(n+m+k)")],
)
def test_letters_are_compared_as_polynomials(a, b):
    assert evaluate(a) == evaluate(b)
    assert judge_expression(f"{a} = {b}").verdict == "right"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("(5*5*3+1)*8 = 608", "right"), ("5+(2-1)*2=6", "wrong"), ("ceil(11/3) = 6", "wrong"),
     ("9216*4096 = 37M", "right-under"),
     ("(224-11)/4+1 = 54", "right-under"), ("(10+1)*3", "undecided"), ("hello", "unreadable")],
)  # fmt: skip
def test_expressions(text, verdict):
    assert judge_expression(text).verdict == verdict


def test_blanks():
    assert all(map(is_blank, ("", "-", "--", "—", "n/a", "  ")))


@given(st.integers(2, 60), st.integers(61, 200))
def test_both_layouts_and_the_batch(side, channels):
    shape = (channels, side, side)
    for text in (f"{side}x{side}x{channels}", f"{channels}x{side}x{side}", f"[-1, {channels}, {side}, {side}]",
                 f"(None, {side}, {side}, {channels})", f"(1, {channels}, {side}, {side})"):  # fmt: skip
        assert fit_shape(read_shape(text), shape)
    assert not fit_shape(read_shape(f"{side + 1}x{side}x{channels}"), shape)
