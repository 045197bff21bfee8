"""`python -m sokkuri`: the same as the command `sokkuri`."""

from sokkuri.cli import main

if __name__ == "__main__":
    main()
