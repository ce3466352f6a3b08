"""A spec is untrusted input: whatever it says, reading it ends soon, in bounded memory, with a clear message."""

import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import pytest

from archcalc import api
from archcalc.errors import ArchcalcError
from archcalc.limits import Limits
from archcalc.spec.library import Library
from archcalc.spec.reader import Source

HEAD = "archcalc: 1\ninput: 3x8x8\n"
BLOCKS = "blocks:\n" + "".join(f"  f{k}: f{k + 1} -> f{k + 1} -> f{k + 1}\n" for k in range(30)) + "  f30: id\n"
HOSTILE = {
    "aliases": HEAD + "note: &a [x, x]\nlayers: [*a, *a]\n",
    "repeats in repeats": HEAD + "layers: (((id *2000) *2000) *2000) *2000\n",
    "loops in loops": HEAD
    + "layers:\n  for: a in range(2000)\n  do: {for: b in range(2000), do: {for: c in range(2000), do: id}}\n",
    "blocks that triple": HEAD + BLOCKS + "layers: f0\n",
    "a block that calls itself": HEAD + "blocks: {f: f -> f}\nlayers: f\n",
    "blocks in a circle": HEAD + "blocks: {f: g, g: f}\nlayers: f\n",
    "a long number": HEAD + f"layers: fc {'9' * 290}\n",
    "a longer number": HEAD + f"layers: fc {'9' * 100_000}\n",
    "a power tower": HEAD + "layers: fc 9**9**9**9\n",
    "a power by hand": HEAD + f"layers: fc {'*'.join(['99999'] * 50)}\n",
    "a long list": HEAD + "params: {a: '[0]*4096*4096'}\nlayers: id\n",
    "a list of lists": HEAD + "params: {a: '[[0]*4096]*4096', b: '[a]*4096', c: '[b]*4096'}\nlayers: fc sum(c)\n",
    "a long range": HEAD + "layers: fc sum(range(10**12))\n",
    "deep groups": HEAD + f"layers: {'(' * 3000}id{')' * 3000}\n",
    "deep lists": HEAD + f"layers: {'[' * 3000}id{']' * 3000}\n",
    "deep blocks of yaml": HEAD + "layers:\n" + "".join(" " * k + "-\n" for k in range(1, 400)),
    "many nodes": HEAD + f"note: [{'a,' * 120_000}]\nlayers: id\n",
    "many steps in a chain": HEAD + f"layers: {' -> '.join(['relu'] * 30_000)}\n",
    "a deep expression": HEAD + f"layers: fc {'-' * 290}1\n",
    "attributes": HEAD + "layers: fc ().__class__.__bases__\n",
    "a call": HEAD + "layers: fc open(1)\n",
    "a lambda": HEAD + "layers: fc (lambda: 1)()\n",
    "a comprehension": HEAD + "layers: fc sum([k for k in range(9)])\n",
    "a format string": HEAD + "layers: fc f'{1}'\n",
    "a walrus": HEAD + "layers: fc (a:=3)\n",
    "a path as a spec": HEAD + "layers: use ../../etc/passwd\n",
    "an absolute path as a spec": HEAD + "layers: use /etc/passwd\n",
    "a URL as a spec": HEAD + "layers: use https://example.org/net.yaml\n",
    "a huge size": "archcalc: 1\ninput: 3x99999999999x8\nlayers: id\n",
    "a huge layer": HEAD + "layers: fc 1000000000 -> fc 1000000000 -> fc 1000000000\n",
    "a name of a thousand letters": HEAD + f"layers: [{{{'a' * 1000}: id}}]\n",
    "a name by template": HEAD + "layers: [{'a{10**14}{10**14}{10**14}{10**14}{10**14}': id}]\n",
    "names without end": HEAD
    + "layers:\n  for: a in range(2000)\n  do: {'n{a}': {concat: {for: b in range(64), do: relu}}}\n",
    "a wide merge": "archcalc: 1\ninput: 1000000000\nlayers: [{concat: {for: b in range(2000), do: id}}]\n",
    "python tags": HEAD + "note: !!python/object/apply:os.system ['true']\nlayers: id\n",
    "a null byte": HEAD + "note: a\0b\nlayers: id\n",
}  # fmt: skip


def refuse(text, limits=None):
    library = Library(limits=limits or Limits())
    try:
        document = library.parse(Source("net.yaml", text), "net")
        choice = api.choose(document, None, ())
        graph = api.load_choice(document, choice, api.Wishes(), "net.yaml", library, None)
        api.analyze_graph(graph, library.limits)
    except ArchcalcError as error:
        return error
    raise AssertionError("not refused")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_spec_is_refused_soon(name):
    start = time.process_time()
    error = refuse(HOSTILE[name])
    assert time.process_time() - start < 3  # a second on an idle machine
    assert len(str(error)) < 4_000
    assert str(error).isprintable() or "\n" in str(error)


def test_memory_stays_bounded(tmp_path):
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not say how much memory a process had at most")
    script = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "import test_hostile as t\n"
        "for text in t.HOSTILE.values(): t.refuse(text)\n"
        # ru_maxrss would start from the peak of the process that started this one
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))\n"
    )
    here = str(__file__).rpartition("/")[0]
    done = subprocess.run([sys.executable, "-c", script, here], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 600_000  # KiB


LIMIT_CASES = {
    "file_bytes": (40, "archcalc: 1\ninput: 3x8x8\nlayers: relu\nnote: a rather long note\n"),
    "yaml_nodes": (6, HEAD + "layers: [relu, relu]\n"),
    "yaml_depth": (2, HEAD + "layers: [[relu]]\n"),
    "expression_length": (10, HEAD + "layers: fc 1+1+1+1+1+1\n"),
    "expression_nodes": (5, HEAD + "layers: fc 1+1+1+1\n"),
    "number": (1000, HEAD + "layers: fc 1001\n"),
    "list_items": (3, HEAD + "layers: fc sum([1,2,3,4])\n"),
    "exponent": (3, HEAD + "layers: fc 2**4\n"),
    "repeats": (3, HEAD + "layers: relu *4\n"),
    "groups": (1, HEAD + "layers: ((relu))\n"),
    "calls": (1, HEAD + "blocks: {f: g, g: relu}\nlayers: f\n"),
    "nodes": (3, HEAD + "layers: relu *4\n"),
    "steps": (3, HEAD + "layers: id *4\n"),
    "rank": (3, HEAD + "layers: unsqueeze 0\n"),
    "dimension": (7, HEAD + "layers: relu\n"),
    "total": (100, HEAD + "layers: conv 8 3x3\n"),
    "params": (2, HEAD + "params: {a: 1, b: 2, c: 3}\nlayers: relu\n"),
    "name": (3, HEAD + "layers: [{abcd: relu}]\n"),
}


@pytest.mark.parametrize("name", LIMIT_CASES)
def test_every_limit_can_be_lowered(name, tmp_path):
    value, text = LIMIT_CASES[name]
    limits = Limits().changed({name: value})
    path = tmp_path / "net.yaml"
    path.write_text(text, encoding="utf-8")
    api.analyze(path)
    with pytest.raises(ArchcalcError):
        api.analyze(path, library=Library(limits=limits))


def test_every_limit_has_a_case():
    assert set(LIMIT_CASES) == {field.name for field in fields(Limits)}


@pytest.mark.parametrize("values", [{"nodes": 0}, {"nodse": 5}, {"nodes": 10**9}])
def test_limits_are_checked(values):
    with pytest.raises(ValueError, match=r"limit"):
        Limits().changed(values)


def test_raising_a_limit_must_be_said():
    assert Limits().changed({"nodes": 10**6}, unsafe=True).nodes == 10**6


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    outside = tmp_path / "outside.yaml"
    outside.write_text(HEAD + "layers: relu\n", encoding="utf-8")
    inside = tmp_path / "specs"
    inside.mkdir()
    (inside / "linked.yaml").symlink_to(outside)
    (inside / "net.yaml").write_text(HEAD + "layers: use linked\n", encoding="utf-8")
    with pytest.raises(ArchcalcError, match="E085"):
        api.analyze(inside / "net.yaml")


def test_direction_characters_are_shown_not_printed():
    error = refuse(HEAD + 'layers: "rel\u202eu"\n')
    assert "\\u202e" in str(error)
    assert "\u202e" not in str(error)
