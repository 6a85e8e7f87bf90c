"""Names that people give to things, and that appear in addresses."""

from typing import Annotated

from pydantic import StringConstraints

NAME_PATTERN = r"^[a-z0-9][a-z0-9_.-]{0,62}$"

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
"""Lower-case letters, digits, `_`, `-` and `.`, beginning with a letter or digit; at most 63 of them."""
