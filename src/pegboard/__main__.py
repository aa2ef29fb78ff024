"""`python -m pegboard` is the command `pegboard`."""

from pegboard.app.cli import main

if __name__ == "__main__":
    main()
