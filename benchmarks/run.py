"""How long archcalc takes, as ratios to a bare interpreter measured beside it: `python benchmarks/run.py`.

Cold: whole processes, interleaved, medians. Warm: text to report in one process, the best of several runs.
Compile first (`python -m compileall archcalc`) or let pip install do it, else every start compiles anew.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

BARE = (sys.executable, "-c", "pass")
COLD = {
    "python -c pass": BARE,
    "import archcalc": (sys.executable, "-c", "import archcalc"),
    "archcalc table alexnet": (sys.executable, "-m", "archcalc", "table", "alexnet"),
    "archcalc table resnet/152": (sys.executable, "-m", "archcalc", "table", "resnet/152"),
}


def cold(rounds: int) -> dict[str, float]:
    """Return the median seconds of each command."""
    times: dict[str, list[float]] = {name: [] for name in COLD}
    # users' files are compiled by pip; a setting of this shell must not undo that
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(rounds + 1):
        for name, command in COLD.items():
            start = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=environment)
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(held[1:]) for name, held in times.items()}


def best(action: Callable[[], object], rounds: int) -> float:
    """Return the least seconds of several runs."""
    found = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        found = min(found, time.perf_counter() - start)
    return found


def warm(rounds: int) -> dict[str, float]:
    """Return the seconds from text to report."""
    import archcalc

    found = {
        target: best(lambda target=target: archcalc.analyze(target), rounds)
        for target in ("resnet/152", "nasnet/large")
    }
    with tempfile.TemporaryDirectory() as folder:
        for layers in (2_000, 20_000):
            path = Path(folder) / f"chain_{layers}.yaml"
            rows = "  - conv 8 3x3 pad=1\n" * layers
            path.write_text(f"archcalc: 1\ninput: 3x32x32\nlayers:\n{rows}", encoding="utf-8")
            found[f"chain of {layers:,}"] = best(lambda path=path: archcalc.analyze(path), 3)
    return found


def many() -> dict[str, float]:
    """Return the seconds of `import numpy` and of a million variants of MobileNet v2 afterwards, in one process."""
    code = """
import time
start = time.perf_counter(); import numpy; print(time.perf_counter() - start)
from archcalc.sweep import sweep
grid = {"alpha": "0.4..1.399:0.001", "res": "96..888:8", "depth": "1..1.9:0.1"}
sweep("mobilenet_v2", {"alpha": "1,2", "res": "96,128"})
start = time.perf_counter(); assert len(sweep("mobilenet_v2", grid)) == 1_000_000; print(time.perf_counter() - start)
"""
    runs = [subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True) for _ in range(5)]
    columns = zip(*([float(line) for line in run.stdout.split()] for run in runs), strict=True)
    return dict(
        zip(("import numpy", "1,000,000 variants"), (statistics.median(column) for column in columns), strict=True)
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    times = cold(rounds)
    bare = times["python -c pass"]
    print(f"{'cold':<28}{'ms':>9}{'ratio':>9}")
    for name, seconds in times.items():
        print(f"{name:<28}{seconds * 1000:>9.1f}{seconds / bare:>9.1f}")
    held = warm(rounds)
    print(f"\n{'text to report':<28}{'ms':>9}{'ratio':>9}")
    for name, seconds in held.items():
        print(f"{name:<28}{seconds * 1000:>9.1f}{seconds / bare:>9.1f}")
    swept = many()
    print(f"\n{'sweep':<28}{'ms':>9}{'ratio':>9}")
    for name, seconds in swept.items():
        print(f"{name:<28}{seconds * 1000:>9.1f}{seconds / swept['import numpy']:>9.1f}")
    print(f"20,000 layers cost {held['chain of 20,000'] / held['chain of 2,000']:.1f} times 2,000 layers")
    try:
        import resource
    except ImportError:
        return
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
