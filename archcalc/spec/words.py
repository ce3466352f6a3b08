"""What a word of the language looks like (language reference, section 5): ASCII letters, digits and `_` only.

Plain string methods: compiling patterns for these would cost more at each start than reading most specs.
"""


def is_identifier(text: str) -> bool:
    """Tell whether a text is an IDENT: a letter or `_`, then letters, digits and `_`.

    >>> is_identifier("conv_1"), is_identifier("3a"), is_identifier("é")
    (True, False, False)
    """
    return text.isascii() and text.isidentifier()


def is_word(text: str) -> bool:
    """Tell whether a text is one or more letters, digits and `_`: a name of a layer or spec.

    >>> is_word("3a"), is_word("a-b"), is_word("")
    (True, False, False)
    """
    return text.isascii() and text.replace("_", "a").isalnum()


def is_digits(text: str) -> bool:
    """Tell whether a text is one or more decimal digits.

    >>> is_digits("0012"), is_digits("1.5"), is_digits("٣")
    (True, False, False)
    """
    return text.isascii() and text.isdecimal()


def is_whole(text: str) -> bool:
    """Tell whether a text is a whole number as it is written: no sign, no leading zero.

    >>> is_whole("0"), is_whole("12"), is_whole("012")
    (True, True, False)
    """
    return is_digits(text) and (text[0] != "0" or text == "0")


def is_size(text: str) -> bool:
    """Tell whether a text is a SIZE: whole numbers joined by `x`.

    >>> is_size("11x11"), is_size("11"), is_size("1xn")
    (True, False, False)
    """
    return "x" in text and all(is_digits(part) for part in text.split("x"))
