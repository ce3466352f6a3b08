"""The rounds of a `for` (section 10.1)."""

from typing import Any

from archcalc.errors import Place, fault
from archcalc.limits import Limits
from archcalc.spec.frame import Here, spoken
from archcalc.spec.syntax import ForFlow


def rounds(flow: ForFlow, here: Here, limits: Limits) -> list[tuple[Any, ...]]:
    """Return the values of the variables, one tuple a round.

    Raises:
        SpecError: E061, E063 … E065, columns or rows that do not fit.
    """
    env = here.env()
    if flow.columns is not None:
        return _columns(flow, [column(env) for column in flow.columns], limits)
    assert flow.rows is not None
    held = flow.rows(env)
    if not isinstance(held, (list, tuple)):
        raise fault("E063", f"'{flow.rows.text}' is {spoken(held)}, not a list", flow.rows.place)
    _check(len(held), flow.place, limits)
    rows: list[tuple[Any, ...]] = []
    for item in held:
        several = tuple(item) if isinstance(item, (list, tuple)) else ()
        row = (item,) if len(flow.variables) == 1 else several
        if len(row) != len(flow.variables):
            message = f"a row of {len(row)} values for {len(flow.variables)} variables"
            raise fault("E064", message, flow.rows.place)
        rows.append(row)
    return rows


def _columns(flow: ForFlow, columns: list[Any], limits: Limits) -> list[tuple[Any, ...]]:
    lengths = {len(column) for column in columns if isinstance(column, list)}
    if not lengths:
        raise fault("E063", "at least one column of a 'for' is a list", flow.place)
    if len(lengths) > 1:
        shown = ", ".join(
            f"{name}: {len(column)}"
            for name, column in zip(flow.variables, columns, strict=True)
            if isinstance(column, list)
        )
        raise fault("E061", f"columns of different lengths: {shown}", flow.place)
    length = lengths.pop()
    _check(length, flow.place, limits)
    spread = [column if isinstance(column, list) else [column] * length for column in columns]
    return list(zip(*spread, strict=True))


def _check(count: int, place: Place, limits: Limits) -> None:
    if count > limits.repeats:
        raise fault("E065", f"{count} rounds, at most {limits.repeats}", place)
