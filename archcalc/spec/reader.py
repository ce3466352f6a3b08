"""Text → Tree: the YAML subset of the language (section 4), every token with its line and column.

The reader walks PyYAML's events with a stack of its own, so that aliases, tags, depth and size are refused
before anything is built. Scalars stay text: archcalc's own rules read numbers, yes and no.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias
from unicodedata import category

from archcalc.errors import Place, Problem, Source, SpecError
from archcalc.limits import Limits


class Scalar(NamedTuple):
    """A piece of text; `style` is None for a plain scalar, else its quote or block character.

    spots: line and column of every character, where it does not stand as it is on one line of the source;
        () where it does, or where it cannot be folded again.
    """

    value: str
    place: Place
    end: tuple[int, int]
    style: str | None
    in_flow: bool
    spots: tuple[tuple[int, int], ...] = ()

    def at(self, offset: int, width: int = 1) -> Place:
        """Return the place of `value[offset]`, exact wherever the scalar can be folded again."""
        source, line, column = self.place.source, self.place.line, self.place.column
        if self.spots:
            return Place(source, *self.spots[offset], width) if offset < len(self.spots) else self.place
        if self.end[0] != line or self.style in ("|", ">"):
            return self.place
        return Place(source, line, column + offset + (self.style is not None), width)  # one more for the quote


class Sequence(NamedTuple):
    """A list."""

    items: "tuple[Tree, ...]"
    place: Place


class Mapping(NamedTuple):
    """A mapping; keys are scalars, each once, in the order of the text."""

    pairs: "tuple[tuple[Scalar, Tree], ...]"
    place: Place

    def get(self, key: str) -> "Tree | None":
        """Return the value of `key`; None where it is not there or `null`, which means "not given" (section 15.2)."""
        for name, value in self.pairs:
            if name.value == key:
                return None if is_null(value) else value
        return None

    def key(self, key: str) -> Scalar:
        """Return the scalar of a key that is there."""
        return next(name for name, _ in self.pairs if name.value == key)


Tree: TypeAlias = Scalar | Sequence | Mapping


def is_null(tree: Tree) -> bool:
    """Tell whether a value is `null`, `~` or nothing."""
    return isinstance(tree, Scalar) and tree.style is None and tree.value in ("null", "~", "")


def decode(data: bytes, name: str, limits: Limits) -> Source:
    """Return the text of a file, or raise SpecError (Y001 too large, Y026 not clean UTF-8)."""
    if len(data) > limits.file_bytes:
        message = f"the file has more than {limits.file_bytes:,} bytes"
        raise SpecError([Problem("Y001", message, origin=name)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        source = Source(name, before)
        place = Place(source, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
        raise SpecError([Problem("Y026", f"not UTF-8: byte 0x{data[error.start]:02x}", place)]) from None
    return clean(text, name)


def clean(text: str, name: str) -> Source:
    """Return a text as a source, or raise SpecError (Y026) for control characters and odd line ends."""
    text = text.replace("\r\n", "\n")
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return Source(name, text)
    source = Source(name, text)
    for number, line in enumerate(text.split("\n"), 1):
        for column, char in enumerate(line, 1):
            if char != "\t" and category(char) in ("Cc", "Cs", "Zl", "Zp"):
                place = Place(source, number, column)
                raise SpecError([Problem("Y026", f"control character U+{ord(char):04X}", place)])
    return source


def read(source: Source, limits: Limits, *, pure: bool = False) -> Tree:
    """Return the tree of one document.

    Args:
        source: the text.
        limits: bounds on nodes and depth.
        pure: use the pure Python loader even where the C loader is there; both give the same tree.

    Raises:
        SpecError: the text is not in the subset (codes Y002 … Y026).
    """
    import yaml

    text = source.text
    if text.lstrip()[:1] == "{":
        text = text.replace("\t", " ")  # JSON may be indented by tabs; columns stay the same
    loader = yaml.SafeLoader if pure else getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Builder(source, limits).build(yaml.parse(text, Loader=loader))
    except yaml.YAMLError as error:
        raise SpecError([_library_problem(error, source)]) from None
    except RecursionError:
        raise SpecError([Problem("Y003", "nested too deeply", Place(source, 1, 1))]) from None


class _Builder:
    """Builds the tree from events, counting as it goes."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self.source = source
        self.limits = limits
        self.has_question_mark = "?" in source.text

    def build(self, events: Iterator[Any]) -> Tree:
        """Return the tree of the only document."""
        stack: list[tuple[Any, list[Any], bool]] = []  # (start event, what it holds, whether in a flow collection)
        root: Tree | None = None
        nodes = 0
        documents = 0
        end = (1, 1)  # where the previous event ended
        for event in events:
            kind = type(event).__name__
            if kind in ("ScalarEvent", "SequenceStartEvent", "MappingStartEvent", "AliasEvent"):
                nodes += 1
                self._check_node(event, kind, nodes, len(stack))
            if kind == "ScalarEvent":
                in_flow = bool(stack) and stack[-1][2]
                value = self._scalar(event, in_flow)
                if stack:
                    self._check_question_mark(stack[-1], end, event)
                    stack[-1][1].append(value)
                else:
                    root = value
            elif kind in ("SequenceStartEvent", "MappingStartEvent"):
                if stack:
                    self._check_key(stack[-1], event)
                stack.append((event, [], bool(event.flow_style) or (bool(stack) and stack[-1][2])))
            elif kind in ("SequenceEndEvent", "MappingEndEvent"):
                start, held, _ = stack.pop()
                made = self._collection(start, held, kind)
                if stack:
                    stack[-1][1].append(made)
                else:
                    root = made
            elif kind == "DocumentStartEvent":
                documents += 1
                self._check_document(event, documents)
            end = (event.end_mark.line + 1, event.end_mark.column + 1)
        if root is None:
            raise SpecError([Problem("E001", "the file is empty; a spec is a mapping", Place(self.source, 1, 1))])
        return root

    def _place(self, event: Any, width: int = 1) -> Place:
        return Place(self.source, event.start_mark.line + 1, event.start_mark.column + 1, width)

    def _fail(self, code: str, message: str, place: Place) -> SpecError:
        return SpecError([Problem(code, message, place)])

    def _check_node(self, event: Any, kind: str, nodes: int, depth: int) -> None:
        if nodes > self.limits.yaml_nodes:
            raise self._fail("Y002", f"more than {self.limits.yaml_nodes:,} YAML nodes", self._place(event))
        if kind != "ScalarEvent" and depth >= self.limits.yaml_depth:
            raise self._fail("Y003", f"nested deeper than {self.limits.yaml_depth}", self._place(event))
        if kind == "AliasEvent":
            raise self._fail(
                "Y022", f"alias *{event.anchor}; write the value again or make a block", self._place(event)
            )
        if event.anchor is not None:
            raise self._fail(
                "Y022", f"anchor &{event.anchor}; anchors are not part of the language", self._place(event)
            )
        if event.tag is not None:
            raise self._fail("Y022", f"tag {event.tag}; tags are not part of the language", self._place(event))

    def _check_document(self, event: Any, documents: int) -> None:
        if documents > 1:
            raise self._fail("Y012", "a second document; a spec is one document", self._place(event, 3))
        if event.version or event.tags:
            raise self._fail("Y011", "directives (%) are not part of the language", self._place(event))

    def _scalar(self, event: Any, in_flow: bool) -> Scalar:
        end = (event.end_mark.line + 1, event.end_mark.column + 1)
        same_line = event.start_mark.line == event.end_mark.line
        place = self._place(event, event.end_mark.column - event.start_mark.column if same_line else 1)
        value: str = event.value
        if not (value.isascii() and value.isprintable()):
            for char in value:
                if char not in "\t\n" and category(char) in ("Cc", "Cs", "Zl", "Zp"):
                    raise self._fail("Y026", f"escape of the control character U+{ord(char):04X}", place)
        style = event.style if event.style != "plain" else None
        spots: tuple[tuple[int, int], ...] = ()
        if not same_line or style in ("|", ">"):
            spots = _fold(value, place, end, style)
        elif style:
            raw = self.source.line(place.line)[place.column - 1 : end[1] - 1]
            spots = _escapes(raw, value, place, style) if raw[1:-1] != value else ()
        return Scalar(value, place, end, style or None, in_flow, spots)

    def _check_key(self, parent: tuple[Any, list[Any], bool], event: Any) -> None:
        if type(parent[0]).__name__ == "MappingStartEvent" and len(parent[1]) % 2 == 0:
            raise self._fail("Y014", "a key must be a word, not a list or mapping", self._place(event))

    def _check_question_mark(self, parent: tuple[Any, list[Any], bool], end: tuple[int, int], event: Any) -> None:
        # events do not show the `? key` form: look for the mark between the previous token and the key
        if not self.has_question_mark or type(parent[0]).__name__ != "MappingStartEvent" or len(parent[1]) % 2:
            return
        line, column = end
        while line <= event.start_mark.line + 1:
            stop = event.start_mark.column if line == event.start_mark.line + 1 else None
            between = self.source.line(line)[column - 1 : stop].split("#")[0]
            if "?" in between:
                place = Place(self.source, line, column + between.index("?"))
                raise self._fail("Y014", "the '? key' form is not part of the language", place)
            line, column = line + 1, 1

    def _collection(self, start: Any, held: list[Any], kind: str) -> Tree:
        place = self._place(start)
        if kind == "SequenceEndEvent":
            return Sequence(tuple(held), place)
        pairs = tuple(zip(held[::2], held[1::2], strict=True))
        seen: dict[str, Scalar] = {}
        for key, _ in pairs:
            if key.value == "<<" and key.style is None:
                raise self._fail("Y018", "merge keys (<<) are not part of the language", key.place)
            first = seen.setdefault(key.value, key)
            if first is not key:
                message = f"duplicate key '{key.value}' (first on line {first.place.line})"
                raise self._fail("Y020", message, key.place)
        return Mapping(pairs, pairs[0][0].place if pairs else place)


def _library_problem(error: Any, source: Source) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or str(error).split("\n")[0]
    place = Place(source, mark.line + 1, mark.column + 1) if mark else Place(source, 1, 1)
    line = source.line(place.line)
    if line[place.column - 1 : place.column] == "\t" or "\t" in line[: len(line) - len(line.lstrip())]:
        return Problem("Y010", "a tab is used as indentation; use blanks", place)
    if "directive" in said:
        return Problem("Y011", f"directives (%) are not part of the language: {said}", place)
    if "escape" in said or "surrogate" in said:
        return Problem("Y026", said, place)
    if "undefined alias" in said:
        return Problem("Y022", said, place)
    return Problem("Y013", f"not YAML: {said}", place)


def _escapes(raw: str, value: str, place: Place, style: str) -> tuple[tuple[int, int], ...]:
    """Return line and column of every character of a quoted scalar on one line whose escapes take several."""
    lengths = {"x": 4, "u": 6, "U": 10}
    spots: list[tuple[int, int]] = []
    at = 1  # the opening quote
    for _ in value:
        spots.append((place.line, place.column + at))
        if style == "'":
            at += 2 if raw.startswith("''", at) else 1
        else:
            at += lengths.get(raw[at + 1 : at + 2], 2) if raw.startswith("\\", at) else 1
    return tuple(spots)


def _fold(value: str, place: Place, end: tuple[int, int], style: str | None) -> tuple[tuple[int, int], ...]:
    """Return line and column of every character of a value over several lines, if folding it again gives the value."""
    source, line, column = place.source, place.line, place.column
    last, stop = end
    block, quoted = style in ("|", ">"), style in ("'", '"')
    folded: list[str] = []
    spots: list[tuple[int, int]] = []
    for number in range(line + 1 if block else line, last + 1):
        text = source.line(number)
        start = column - 1 + quoted if number == line else 0
        text = text[start : stop - 1 - quoted if number == last and not block else None]
        stripped = text.strip()
        if not stripped:
            if number == last:
                break
            return ()
        if folded:
            folded.append("\n" if style == "|" else " ")
            spots.append((number, 1))
        lead = start + len(text) - len(text.lstrip())
        spots += [(number, lead + k + 1) for k in range(len(stripped))]
        folded.append(stripped)
    return tuple(spots) if "".join(folded) == value.rstrip("\n") else ()
