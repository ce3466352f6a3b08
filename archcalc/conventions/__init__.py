"""How other tools count: a layer states facts, a convention turns them into a number, as data.

>>> from archcalc import analyze
>>> from archcalc.conventions.apply import count
>>> from archcalc.conventions.catalogue import find
>>> counted = count(analyze("resnet/50"), find("thop"))
>>> counted.total
4133742592
>>> for term in counted.terms:
...     print(term.text)
4,089,184,256 multiply-adds of conv, fc
4 × 11,113,984 elements of bn
100,352 inputs + 2,048 outputs of gap
"""
