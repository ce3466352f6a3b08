"""What stands above and below every table: the title, and what the spec itself remarks."""

from collections.abc import Iterator

from archcalc.render.cells import Writer
from archcalc.report import Report


def title(report: Report) -> str:
    """Return the network's title and the target."""
    named = report.title and report.title != report.target
    return f"{report.title} ({report.target})" if named else report.target


def domain(report: Report, write: Writer) -> Iterator[str]:
    """Yield the conditions under which formulas with free sizes hold."""
    if report.domain:
        yield write.say("domain", conditions=", ".join(report.domain))


def closing(report: Report, write: Writer) -> Iterator[str]:
    """Yield what stands below a table that shows the inference network only."""
    yield from domain(report, write)
    yield from heads_left_out(report, write)
    yield from remarks(report, write)


def heads_left_out(report: Report, write: Writer) -> Iterator[str]:
    """Yield what a table without training heads must say."""
    if any(node.mode == "train" for node in report.rows):
        yield write.say("heads_left_out")


def remarks(report: Report, write: Writer) -> Iterator[str]:
    """Yield the notes and sources that the spec gives: of the network, then of its parts."""
    if report.source:
        yield write.say("source", text=report.source)
    if report.note:
        yield report.note
    told = {path: folder.note for path, folder in report.folders.items() if folder.note}
    # the first layer of a noted folder has the folder's note too
    known = set(told.values())
    told |= {node.path: node.note for node in report.rows if node.note and node.note not in known}
    yield from (f"{path}: {note}" for path, note in told.items())
    yield from (f"{node.path}: {write.say('source', text=node.source)}" for node in report.rows if node.source)
