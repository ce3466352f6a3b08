"""Options and fixtures for all tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files anew, compare nothing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], str]:
    """Return a function (file name, text made now) → the text on record; a missing file is a failure."""

    def read(name: str, made: str) -> str:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(made + "\n", encoding="utf-8", newline="\n")
        if not path.exists():
            pytest.fail(f"golden file {name} is missing; run pytest --update-golden and read what it writes")
        return path.read_text(encoding="utf-8").removesuffix("\n")

    return read
