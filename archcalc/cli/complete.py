"""What the Tab key offers in a shell (`archcalc --install-completion`)."""


def targets(incomplete: str) -> list[str]:
    """Return the built-in networks that begin so; behind a `/`, a network with each of its options."""
    from archcalc.errors import ArchcalcError
    from archcalc.spec.library import Library

    library = Library()
    name, slash, _ = incomplete.partition("/")
    path = library.find(name) if slash else None
    if path is None:
        found = library.names()
    else:
        try:
            axes = library.load(path).variants.values()
        except ArchcalcError:
            return []
        found = [f"{name}/{option}" for options in axes for option in options]
    return [target for target in found if target.startswith(incomplete)]
