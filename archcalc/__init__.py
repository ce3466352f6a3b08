"""archcalc: shapes, parameters and multiply-adds of neural networks, exact and explained.

>>> import archcalc
>>> archcalc.analyze("alexnet").totals.params
60965224
"""

TYPE_CHECKING = False  # as `typing.TYPE_CHECKING`, without the import

__version__ = "0.1.0"

if TYPE_CHECKING:
    from archcalc.api import analyze, load
    from archcalc.errors import ArchcalcError
    from archcalc.graph import Graph
    from archcalc.report import Node, Report

__all__ = ["ArchcalcError", "Graph", "Node", "Report", "__version__", "analyze", "load"]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> object:
    """Resolve a public name on first use, so that `import archcalc` costs nearly nothing."""
    from archcalc.lazy import resolve

    homes = {
        "analyze": "archcalc.api:analyze",
        "load": "archcalc.api:load",
        "ArchcalcError": "archcalc.errors:ArchcalcError",
        "Graph": "archcalc.graph:Graph",
        "Node": "archcalc.report:Node",
        "Report": "archcalc.report:Report",
    }
    if name not in homes:
        raise AttributeError(f"module 'archcalc' has no attribute {name!r}")
    return resolve(homes[name])
