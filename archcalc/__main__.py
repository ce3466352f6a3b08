"""`python -m archcalc` is the command `archcalc`."""

from archcalc.cli.entry import main

if __name__ == "__main__":
    main()
