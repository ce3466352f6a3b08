"""Where a number comes from: which tool, convention, variant, input size or slip gives it, found by counting.

>>> from archcalc.reconcile.search import reconcile
>>> for match in reconcile("resnet/50", "4.1337G").matches[:1]:
...     print(match.convention.name, match.total, [term.value for term in match.terms])
thop 4133742592 [4089184256, 44455936, 102400]
"""
