"""Every limit of the language with its default (language reference, section 16).

A spec is untrusted input. Whatever it says, reading it ends within these bounds.
"""

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Limits:
    """One value per limit; `changed` makes a copy with others.

    `rank` and `params` are not in the language's table. Shapes have at most four axes there, but `stack` and
    `unsqueeze` add some; every block call looks at all parameters.
    """

    file_bytes: int = 1 << 20
    yaml_nodes: int = 100_000
    yaml_depth: int = 48
    expression_length: int = 300
    expression_nodes: int = 120
    number: int = 10**15
    list_items: int = 4_096
    exponent: int = 64
    repeats: int = 2_000
    groups: int = 16
    calls: int = 40
    nodes: int = 20_000
    steps: int = 200_000
    rank: int = 8
    dimension: int = 10**9
    total: int = 10**18
    name: int = 64
    params: int = 1_000

    def changed(self, values: dict[str, int], *, unsafe: bool = False) -> "Limits":
        """Return these limits with `values` in their place.

        Raises:
            ValueError: a name that is no limit, or a value above the default without `unsafe`.
        """
        known = {field.name for field in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"no limit is called {name!r}; there are {', '.join(sorted(known))}")
            if value < 1:
                raise ValueError(f"limit {name}={value} must be at least 1")
            if value > getattr(self, name) and not unsafe:
                raise ValueError(f"limit {name}={value} is above {getattr(self, name)}; raising needs --unsafe-limits")
        return replace(self, **values)
