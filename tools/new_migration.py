"""Writes the migration that leads from the newest one to the tables as the folders now declare them.

    python -m tools.new_migration "words for its name"     writes the next migration, or says that nothing changed
    python -m tools.new_migration --first                  before the first release: rewrites the first one whole

In: every `gateway/*/tables.py`. Out: a file in gateway/database/migrations/versions; read it before you commit it.
Rule: a migration names its steps outright and imports no folder.
"""

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations.ops import UpgradeOps
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from gateway.database import metadata
from gateway.database.connect import connect_writer
from gateway.database.migrate import MIGRATIONS, known_revisions, migrate

GATEWAY = Path(__file__).parent.parent / "gateway"
TEMPLATE = '''"""{words}."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down}


def upgrade() -> None:
    {steps}
'''


def load_all_tables() -> None:
    """Each file by itself, without the folder round it: a `tables.py` needs nothing but the metadata."""
    for file in sorted(GATEWAY.glob("*/tables.py")):
        spec = importlib.util.spec_from_file_location(f"tables_of_{file.parent.name}", file)
        if spec is None or spec.loader is None:
            raise ImportError(f"{file} is not a Python file")
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def steps_from_nothing() -> UpgradeOps | None:
    with create_engine("sqlite://", poolclass=StaticPool).connect() as connection:
        return produce_migrations(MigrationContext.configure(connection), metadata).upgrade_ops


def steps_from_newest() -> UpgradeOps | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "migrated.db"
        with connect_writer(path) as connection:
            migrate(connection, path)
            return produce_migrations(MigrationContext.configure(connection), metadata).upgrade_ops


def write(steps: UpgradeOps, words: str, revision: str, down: str | None) -> Path:
    file = MIGRATIONS / "versions" / f"{revision}_{'_'.join(words.lower().split())}.py"
    lines = render_python_code(steps).splitlines()
    code = "\n".join(line for line in lines if not line.strip().startswith("# ###")).lstrip()
    quoted = "None" if down is None else f'"{down}"'
    file.write_text(TEMPLATE.format(words=words.capitalize(), revision=revision, down=quoted, steps=code))
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", file], check=True)
    subprocess.run([sys.executable, "-m", "ruff", "check", "-q", "--fix", file], check=True)
    return file


def main(arguments: list[str]) -> str:
    load_all_tables()
    if arguments == ["--first"]:
        steps, words, revision, down = steps_from_nothing(), "first tables", "0001", None
    elif len(arguments) == 1 and not arguments[0].startswith("-"):
        down = known_revisions()[-1]
        steps, words, revision = steps_from_newest(), arguments[0], f"{int(down) + 1:04}"
    else:
        raise SystemExit(__doc__)
    if steps is None or steps.is_empty():
        return "the tables are what the newest migration makes of them; nothing to write"
    return f"wrote {write(steps, words, revision, down)}; read it before you commit it"


if __name__ == "__main__":
    print(main(sys.argv[1:]))
