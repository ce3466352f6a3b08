"""A spec's name → its file: the file's own folder, then each `--path`, then the built-in specs; nothing else.

A name is `[A-Za-z0-9_]+`, never a path or URL, and the file found must really lie in one of these folders.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from archcalc.errors import COMMAND_LINE, Problem, Source, TargetError
from archcalc.limits import Limits
from archcalc.spec.document import Document, parse_document
from archcalc.spec.reader import Mapping, Scalar, decode, read
from archcalc.spec.words import is_word

SUFFIXES: Final = (".yaml", ".yml", ".json")
WITHOUT_NETWORK: Final = "without_network.yaml"


class Library(NamedTuple):
    """Where specs are looked up."""

    folders: tuple[Path, ...] = ()
    limits: Limits = Limits()

    def find(self, name: str, beside: Path | None = None) -> Path | None:
        """Return the file of a spec, or None.

        Args:
            name: of the spec.
            beside: a folder to look in first (that of the spec that uses it).
        """
        if not is_word(name):
            return None
        for folder in (*((beside,) if beside else ()), *self.folders, builtin_folder()):
            for suffix in SUFFIXES:
                path: Path = folder / (name + suffix)
                if path.is_file() and path.resolve().parent == folder.resolve():
                    return path
        return None

    def names(self) -> list[str]:
        """Return the names of all specs that can be found."""
        found = {path.stem for folder in (*self.folders, builtin_folder()) for path in spec_files(folder)}
        return sorted(name for name in found if self.find(name))

    def why_not(self, name: str) -> str | None:
        """Return why a method has no network, for the names that people look for and that are none."""
        path = builtin_folder() / WITHOUT_NETWORK
        tree = read(decode(path.read_bytes(), path.name, self.limits), self.limits)
        reason = tree.get(name.lower()) if isinstance(tree, Mapping) else None
        return reason.value if isinstance(reason, Scalar) else None

    def load(self, path: Path) -> Document:
        """Return the document in a file.

        Raises:
            TargetError: the file cannot be read.
            SpecError: it is no spec.
        """
        try:
            with path.open("rb") as file:
                data = file.read(self.limits.file_bytes + 1)
        except OSError as error:
            built_in = path.stem if not path.exists() and path.stem in self.names() else None
            hint = f" (did you mean '{built_in}'?)" if built_in else ""
            message = f"cannot read {path}: {(error.strerror or str(error)).lower()}{hint}"
            raise TargetError([Problem("E085", message, origin=COMMAND_LINE)]) from None
        return self.parse(decode(data, str(path), self.limits), path.stem)

    def parse(self, source: Source, name: str) -> Document:
        """Return the document in a text."""
        return parse_document(read(source, self.limits), source, name, self.limits)


def builtin_folder() -> Path:
    """Return the folder of the built-in specs: in the wheel, or in the checkout of an editable install."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "specs"
    return inside if inside.is_dir() else package.parent / "specs"


def spec_files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder that are specs (their top level has the key `archcalc`), by name."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix in SUFFIXES and path.is_file() and _says_archcalc(path):
            yield path


def _says_archcalc(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            data = file.read(1 << 20).removeprefix(b"\xef\xbb\xbf")
    except OSError:
        return False
    if data.lstrip()[:1] == b"{":
        return re.match(rb"""\s*\{\s*["']?archcalc["']?\s*:""", data) is not None
    return re.search(rb"""^["']?archcalc["']?[ \t]*:""", data, re.MULTILINE) is not None
