"""Write the next migration: what the tables have become since the last one.

    python tools/new_migration.py "Owner of a run"

Read the file it writes, mend what Alembic could not know (moved data, renamed columns), and test it on a copy of a
real database.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command

from kpl.server.db.engine import Database
from kpl.server.db.schema import MIGRATIONS, alembic_config, versions


def main(message: str) -> Path:
    numbers = versions()
    number = f"{int(numbers[-1]) + 1 if numbers else 1:04d}"
    slug = re.sub(r"\W+", "_", message.lower()).strip("_")[:40]
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{folder}/kpl.db")
        config = alembic_config()
        config.set_main_option("file_template", f"%%(rev)s_{slug}")
        with db.engine.begin() as connection:
            config.attributes["connection"] = connection
            if numbers:
                command.upgrade(config, "head")
            command.revision(config, message.rstrip("."), autogenerate=True, rev_id=number)
        db.close()
    path = MIGRATIONS / "versions" / f"{number}_{slug}.py"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "### " not in line))
    ruff = Path(sys.executable).with_name("ruff")
    for task in (["check", "--fix-only", "--quiet"], ["format", "--quiet"]):
        subprocess.run([ruff, *task, path], check=True)
    return path


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(main(sys.argv[1]))
