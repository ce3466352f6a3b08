"""Free sizes in other programs: a report's formulas as Python functions, or as expressions of sympy."""
