"""Every code block of README and docs is executed, in order, in an empty folder per page.

```yaml and ```python whose first line is `# name.yaml` or `# name.py` are saved under that name. ```console holds
commands after `$ ` and what they print; `--update-golden` writes it anew. Other ```python runs as it stands, with its
asserts or as a doctest. ```sh must succeed; lines that install are run by CI. Other languages only show something and
must not look like commands.
"""

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from archcalc.cli.entry import run

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = {"text", "json", "ebnf", "toml", "latex", "html", "make"}


def execute(command):
    """Return what a command prints, stdout and stderr, as a terminal without colours shows it."""
    if command.startswith("archcalc ") and "|" not in command and ">" not in command:
        from shlex import split

        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            run(split(command)[1:])
        return out.buffer.getvalue().decode()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        shell=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        env={**os.environ, "PATH": path},
    )
    return done.stdout


def console(body):
    """Return a console block with what its commands print now."""
    commands = [line[2:] for line in body.splitlines() if line.startswith("$ ")]
    lines = []
    for command in commands:
        text = "\n".join(line.rstrip() for line in execute(command).rstrip().splitlines())
        lines += [f"$ {command}", *([text] if text else [])]
    return "\n".join(lines) + "\n"


def run_block(language, body, namespace):
    if language == "yaml":
        first = body.partition("\n")[0]
        named = re.fullmatch(r"# ([\w./-]+\.(?:ya?ml|json))", first)
        if named:
            Path(named[1]).parent.mkdir(parents=True, exist_ok=True)
            Path(named[1]).write_text(body.partition("\n")[2], encoding="utf-8")
    elif language == "python" and (named := re.match(r"# ([\w-]+\.py)\n", body)):
        Path(named[1]).write_text(body.partition("\n")[2], encoding="utf-8")
    elif language == "python" and ">>>" in body:
        test = doctest.DocTestParser().get_doctest(body, namespace, "page", None, 0)
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        runner.run(test, clear_globs=False)
        namespace.update(test.globs)
        assert runner.failures == 0
    elif language == "python":
        exec(compile(body, "page", "exec"), namespace)
    elif language == "sh":
        for line in body.splitlines():
            if "pip install" not in line and line.strip() and not line.startswith("#"):
                execute(line)
    else:
        assert language in SHOWN, f"a block of language '{language}' is not run by any rule"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_code_blocks_run(page, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    text = page.read_text(encoding="utf-8")
    if " --torch" in text:
        pytest.importorskip("torch")
    namespace: dict = {}
    fresh = text
    for block in BLOCK.finditer(text):
        language, body = block[1], block[2]
        if language == "console":
            made = console(body)
            fresh = fresh.replace(block[0], f"```console\n{made}```")
            if not request.config.getoption("--update-golden"):
                assert made == body
        else:
            run_block(language, body, namespace)
    if request.config.getoption("--update-golden") and fresh != text:
        page.write_text(fresh, encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = re.sub(BLOCK, "", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target
