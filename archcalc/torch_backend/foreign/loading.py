"""The user's own code: found, imported, called; what it raises is told as theirs."""

import contextlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from torch import nn

from archcalc.errors import COMMAND_LINE, Problem, TargetError, did_you_mean

_NAME: Final = "__model__"  # of a file while it is in use: random.py must not become the module random
_FRAMES: Final = 3  # lines of the user's traceback that are shown


@contextlib.contextmanager
def opened(source: str) -> Iterator[Callable[[], nn.Module]]:
    """Give a function that makes the model named by "module:factory" or "file.py:factory".

    The folder of the file, or the current one, is on the import path as long as the context lasts, and what the
    code prints goes to stderr.

    Raises:
        TargetError: there is no such module or factory, or importing it fails.
    """
    place, colon, name = source.rpartition(":")
    if not colon or not place or not name:
        raise bad(f"'{source}' is no MODULE:FACTORY; write my_models:resnet50 or path/to/file.py:resnet50")
    file = Path(place) if place.endswith(".py") or "/" in place else None
    if file is not None and not file.is_file():
        raise bad(f"no file {place}")
    path = list(sys.path)
    sys.path.insert(0, str(file.resolve().parent if file else Path.cwd()))
    try:
        with contextlib.redirect_stdout(sys.stderr):
            with theirs(f"importing {place}"):
                module = _file(file) if file else _module(place)
            yield _factory(module, place, name)
    finally:
        sys.path[:] = path
        sys.modules.pop(_NAME, None)


@contextlib.contextmanager
def theirs(doing: str) -> Iterator[None]:
    """Turn whatever the user's code raises into a TargetError that shows where in their code it was."""
    try:
        yield
    except TargetError:
        raise
    except (Exception, SystemExit) as error:  # whatever it is, it is theirs
        said = f"{type(error).__name__}: {error}".splitlines()[0].removesuffix(": ")
        message = f"{doing}: your code raised {said}"
        raise TargetError([Problem("E033", message, context=_frames(error), origin=COMMAND_LINE)]) from None


def bad(message: str, *context: str) -> TargetError:
    """Return an error about what the command line names."""
    return TargetError([Problem("E033", message, context=context, origin=COMMAND_LINE)])


def _frames(error: BaseException) -> tuple[str, ...]:
    """Return the last lines of the traceback that are neither torch's nor ours nor the import machinery's."""
    package = str(Path(__file__).parents[2])
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((package, "<frozen"))
        and "/torch/" not in Path(frame.filename).as_posix()
        and "importlib" not in frame.filename
    ]
    return tuple(f"{frame.filename}:{frame.lineno} in {frame.name}: {frame.line}" for frame in frames[-_FRAMES:])


def _file(file: Path) -> Any:
    found = importlib.util.spec_from_file_location(_NAME, file)
    if found is None or found.loader is None:
        raise bad(f"{file} is no Python file")
    module = importlib.util.module_from_spec(found)
    sys.modules[_NAME] = module  # dataclasses look their module up
    found.loader.exec_module(module)
    return module


def _module(place: str) -> Any:
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name and (place == error.name or place.startswith(f"{error.name}.")):
            raise bad(f"no module '{error.name}'; it is looked up from this folder and in this environment") from None
        raise


def _factory(module: Any, place: str, name: str) -> Callable[[], nn.Module]:
    found = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise bad(f"{place} has no '{part}'{did_you_mean(part, _callables(found))}")
        found = getattr(found, part)
    if isinstance(found, nn.Module):
        return lambda: found
    if not callable(found):
        raise bad(f"{place}:{name} is no function, class or torch module but {_kind(found)}")
    needed = _needed(found)
    if needed:
        raise bad(f"{name} needs arguments ({', '.join(needed)}); write a function without any and name that one")

    def make() -> nn.Module:
        with theirs(f"calling {name}()"):
            made = found()
        if not isinstance(made, nn.Module):
            raise bad(f"{name}() returned {_kind(made)}, not a torch.nn.Module")
        return made

    return make


def _callables(found: Any) -> list[str]:
    return [name for name, value in vars(found).items() if callable(value) and not name.startswith("_")]


def _needed(factory: Callable[..., Any]) -> list[str]:
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return []
    taken = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [each.name for each in parameters if each.default is each.empty and each.kind not in taken]


def _kind(value: Any) -> str:
    return f"'{type(value).__name__}'"
