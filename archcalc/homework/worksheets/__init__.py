"""Worksheets: a question sheet made from a network, multiple choice from the mistakes, and the key with derivations.

What is right is asked of the judge of answers, never decided here: a sheet asks only what `archcalc check` accepts as
right, and offers only what it calls wrong by the mistake that the key names.
"""
