"""`python -m kpl.cli`, for places where the command itself is not on the path."""

from kpl.cli.main import main

main()
