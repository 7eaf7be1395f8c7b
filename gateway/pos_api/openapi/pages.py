"""The parts of docs/pos-api.md that are made from the tables, so that the page cannot lie.

In: the page, with a marker pair `<!-- table: NAME -->` … `<!-- end -->` for each part. Out: the page, made anew.
`python -m gateway.pos_api.openapi.pages docs/pos-api.md` writes it; a test compares.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from gateway.catalog import FIELDS
from gateway.pos_api.openapi.document import document
from gateway.pos_api.openapi.paths import OPERATIONS
from gateway.pos_api.problem import PROBLEMS
from gateway.pos_api.row_codes import ROW_ERRORS, ROW_WARNINGS

_PART = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def page_made_anew(page: str) -> str:
    return _PART.sub(lambda part: f"{part[1]}\n{TABLES[part[2]]()}\n{part[3]}", page)


def _operations() -> str:
    rows = []
    for operation in OPERATIONS:
        statuses = document_statuses(operation.path, operation.method)
        rows.append((f"`{operation.method.upper()} {operation.path}`", operation.summary, statuses))
    return _table(("request", "what it does", "answers"), rows)


def document_statuses(path: str, method: str) -> str:
    paths = document()["paths"]
    if not isinstance(paths, Mapping):
        raise TypeError("the document has no paths")
    return " ".join(paths[path][method]["responses"])


def _fields() -> str:
    rows = []
    for spec in FIELDS:
        notes = [spec.description]
        if spec.aliases:
            notes.append(f"Also answers to {', '.join(f'`{alias}`' for alias in spec.aliases)}.")
        if spec.zero_is_unset:
            notes.append("0 means not set.")
        if spec.max_length:
            notes.append(f"At most {spec.max_length} characters.")
        required = " (wanted by `/add`)" if spec.required else ""
        rows.append((f"`{spec.name}`{required}", spec.kind.value, " ".join(notes), f"`{spec.example}`"))
    return _table(("field", "kind", "meaning", "example"), rows)


def _problems() -> str:
    rows = [(f"`{kind.code}`", str(kind.status), kind.meaning) for kind in PROBLEMS.values()]
    return _table(("code", "status", "what it means"), rows)


def _codes(codes: Mapping[str, str]) -> str:
    return _table(("code", "what it means"), [(f"`{code}`", words) for code, words in codes.items()])


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


TABLES: Mapping[str, Callable[[], str]] = {
    "operations": _operations,
    "fields": _fields,
    "problems": _problems,
    "row_errors": lambda: _codes(ROW_ERRORS),
    "row_warnings": lambda: _codes(ROW_WARNINGS),
}

if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(page_made_anew(target.read_text(encoding="utf-8")), encoding="utf-8")
