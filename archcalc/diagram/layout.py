"""Where boxes, wires and frames go: DOT → places, by a Graphviz engine in a process of its own, within a time limit.

The engine that comes with archcalc (graphviz-pure, 6 MB) is asked first: it gives the same places on every machine.
Without it, the `dot` of the machine is.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from archcalc.diagram.canvas import Point
from archcalc.errors import COMMAND_LINE, Problem, TargetError

# seconds that an engine may take with the best effort, then with little
LIMITS: Final = (12.0, 20.0)
_LITTLE_EFFORT: Final = ("-Gnslimit=1", "-Gnslimit1=1", "-Gmclimit=0.05", "-Gsplines=line")


class Wire(NamedTuple):
    """A curve (a start, then three points a piece) and the tip of its arrow."""

    points: tuple[Point, ...]
    tip: Point


class Frame(NamedTuple):
    """The corners of a rectangle."""

    left: float
    top: float
    right: float
    bottom: float


class Layout(NamedTuple):
    """Places in points from the upper left corner: centres of boxes, wires in order of the source, frames.

    links: lines that lead from one column of the figure to the next.
    """

    width: float
    height: float
    centres: Mapping[str, Point]
    wires: Mapping[tuple[str, str], Wire]
    frames: Mapping[str, Frame]
    links: tuple[tuple[Point, ...], ...] = ()


def layout(source: str, limits: tuple[float, ...] = LIMITS) -> Layout:
    """Return the places that an engine gives to a DOT source.

    Raises:
        TargetError: there is no engine, it fails, or it takes longer than the limits.
    """
    program = engine()
    if program is None:
        raise _error(
            "no layout engine: `pip install graphviz-pure`, or install Graphviz so that `dot` is on PATH; "
            "dot, mmd and the views volumes and bars need none"
        )
    for limit, effort in zip(limits, ((), _LITTLE_EFFORT), strict=False):
        try:
            done = subprocess.run(
                [program, "-Kdot", "-Tjson0", *effort],
                input=source.encode(),
                capture_output=True,
                timeout=limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            continue
        except OSError as error:
            raise _error(f"{program} does not run: {error.strerror}") from None
        if done.returncode or not done.stdout:
            reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise _error(f"{program} failed{f': {reason[0]}' if reason else ''}")
        return _read(json.loads(done.stdout))
    raise _error(f"the layout was not ready after {sum(limits):g} seconds; fold more (--depth 1), or write a .dot file")


def engine() -> str | None:
    """Return the program that computes places, or None."""
    beside = shutil.which("graphviz-pure", path=str(Path(sys.executable).parent))
    return beside or shutil.which("graphviz-pure") or shutil.which("dot")


def _error(message: str) -> TargetError:
    return TargetError([Problem("E085", message, origin=COMMAND_LINE)])


def _read(document: Mapping[str, Any]) -> Layout:
    left, bottom, right, top = (float(part) for part in document["bb"].split(","))
    objects = document.get("objects", [])
    names = {item["_gvid"]: item["name"] for item in objects}

    def point(text: str) -> Point:
        x, y = text.split(",")
        return float(x) - left, top - float(y)

    frames = {}
    for item in objects:
        if item["name"].startswith("cluster_") and "bb" in item:
            x1, y1, x2, y2 = (float(part) for part in item["bb"].split(","))
            frames[item["name"].removeprefix("cluster_")] = Frame(x1 - left, top - y2, x2 - left, top - y1)
    wires = {}
    for edge in document.get("edges", []):
        points = edge["pos"].split(" ")
        tips = [part[2:] for part in points if part.startswith("e,")]
        places = tuple(point(part) for part in points if part[:2] not in ("e,", "s,"))
        wires[names[edge["tail"]], names[edge["head"]]] = Wire(places, point(tips[0]) if tips else places[-1])
    return Layout(
        width=right - left,
        height=top - bottom,
        centres={item["name"]: point(item["pos"]) for item in objects if "pos" in item},
        wires=wires,
        frames=frames,
    )
