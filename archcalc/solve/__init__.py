"""What fits: a setting, a size, a count or a variant for which a network has the output or the costs that are wanted.

There are no formulas to turn around. The unknown becomes a parameter of a spec, the network is built and counted for
values of it by the rules of its layers, and what fits is kept; where the rules on free sizes prove that a count grows
with the unknown, bisection finds the place.

>>> from archcalc.solve.question import of_chain
>>> from archcalc.solve.search import solve
>>> from archcalc.solve.wanted import Wanted, read_form
>>> from archcalc.spec.library import Library
>>> question = of_chain("conv 96 11x11 /4 pad=?", "3x224x224", {}, Library())
>>> [facts.values for facts in solve(question, Wanted(form=read_form("55x55"))).solutions]
[((1, 2, 1, 2),), (2,), ((2, 3, 2, 3),), (3,)]
"""
