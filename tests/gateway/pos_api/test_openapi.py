"""The public document: complete, self-contained, true to the routes, and never less than the last release's."""

import ast
import copy
import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from gateway.pos_api import API_VERSION, document
from gateway.pos_api.openapi.schemas import answer_schemas, request_schemas
from gateway.pos_api.row_codes import ROW_ERRORS, ROW_WARNINGS

ROOT = Path(__file__).parents[3]
DOCUMENT = document()
RELEASED = sorted(Path(__file__).parent.glob("openapi-*.json"))
WORDS = {"description", "summary", "example", "examples", "title", "version", "default"}
REQUESTS = frozenset(request_schemas())


def every(node: object, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        yield at, node
        for name, child in node.items():
            yield from every(child, f"{at}/{name}")
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from every(child, f"{at}/{number}")


def broken_promises(old: Any, new: Any, at: str = "") -> Iterator[str]:
    """Where a client of the old document would be let down by the new one."""
    if isinstance(old, dict):
        if not isinstance(new, dict):
            yield f"{at} is gone"
            return
        for name, value in old.items():
            if name in WORDS and not at.endswith("/properties"):
                continue
            if name == "required" and isinstance(value, list):
                yield from broken_requirement(set(value), set(new.get(name, ())), at)
            elif name not in new:
                yield f"{at}/{name} is gone"
            else:
                yield from broken_promises(value, new[name], f"{at}/{name}")
    elif isinstance(old, list):
        if not isinstance(new, list) or len(new) < len(old):
            yield f"{at} is shorter"
            return
        for number, value in enumerate(old):
            yield from broken_promises(value, new[number], f"{at}/{number}")
    elif old != new:
        yield f"{at} was {old!r} and is {new!r}"


def broken_requirement(old: set[str], new: set[str], at: str) -> Iterator[str]:
    is_request = any(f"/schemas/{name}" in f"{at}/" for name in REQUESTS)
    for name in (new - old) if is_request else (old - new):
        yield f"{at}/required: {name}"


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.stem)
def test_nothing_that_a_release_promised_is_changed_or_removed(path: Path) -> None:
    assert list(broken_promises(json.loads(path.read_text()), DOCUMENT)) == []


def test_the_document_of_this_release_is_stored_and_its_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == API_VERSION
    assert f"openapi-{API_VERSION}.json" in [path.name for path in RELEASED]


def drop_field(changed: Any) -> None:
    del changed["components"]["schemas"]["RowsAnswer"]["properties"]["displays"]


def drop_operation(changed: Any) -> None:
    del changed["paths"]["/delete"]["post"]


def change_type(changed: Any) -> None:
    changed["components"]["schemas"]["StatusAnswer"]["properties"]["progress"]["type"] = "number"


def want_more(changed: Any) -> None:
    changed["components"]["schemas"]["ProductChange"]["required"].append("price")


def promise_less(changed: Any) -> None:
    changed["components"]["schemas"]["SessionAnswer"]["required"].remove("expiresAt")


def drop_status(changed: Any) -> None:
    del changed["paths"]["/add"]["post"]["responses"]["207"]


@pytest.mark.parametrize("harm", [drop_field, drop_operation, change_type, want_more, promise_less, drop_status])
def test_a_broken_promise_would_be_noticed(harm: Callable[[Any], None]) -> None:
    changed = copy.deepcopy(DOCUMENT)
    harm(changed)
    assert list(broken_promises(DOCUMENT, changed))


def test_more_fields_codes_and_operations_break_no_promise() -> None:
    changed: Any = copy.deepcopy(DOCUMENT)
    changed["components"]["schemas"]["RowsAnswer"]["properties"]["held"] = {"type": "integer"}
    changed["components"]["schemas"]["RowsAnswer"]["required"].append("held")
    changed["paths"]["/new"] = {"get": {}}
    assert list(broken_promises(DOCUMENT, changed)) == []


def test_every_object_says_whether_it_may_hold_more() -> None:
    for at, schema in every(DOCUMENT):
        if schema.get("type") == "object" and "/examples" not in at:
            assert "additionalProperties" in schema, at


def test_every_reference_leads_somewhere() -> None:
    for at, node in every(DOCUMENT):
        if isinstance(node.get("$ref"), str):
            found: Any = DOCUMENT
            for name in node["$ref"].removeprefix("#/").split("/"):
                assert name in found, f"{at} -> {node['$ref']}"
                found = found[name]


def test_every_example_is_what_its_schema_says() -> None:
    for at, node in every(DOCUMENT["paths"]):
        if "schema" not in node or "in" in node:
            continue
        examples = [one["value"] for one in node.get("examples", {}).values()] + [node.get("example")]
        validator = jsonschema_rs.Draft202012Validator({"components": DOCUMENT["components"], **node["schema"]})
        for example in examples:
            if example is not None:
                assert validator.is_valid(example), (
                    f"{at}: {[error.message for error in validator.iter_errors(example)]}"
                )


def test_every_schema_is_used() -> None:
    text = json.dumps(DOCUMENT)
    for name in DOCUMENT["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, name
    assert answer_schemas().keys() <= DOCUMENT["components"]["schemas"].keys()


def test_the_routes_are_those_of_the_document(at_the_till: Callable[..., Any]) -> None:
    async def scenario(pos: Any) -> None:
        for path, operations in DOCUMENT["paths"].items():
            answer = await pos.request("OPTIONS", path.replace("{sessionId}", "0123456789abcdef"))
            allowed = set(answer.headers["allow"].lower().split(", ")) - {"options", "head"}
            assert allowed == set(operations), path

    at_the_till(scenario)


def codes_in_the_catalogue() -> set[str]:
    """Every literal that the catalogue hands to a note, a refusal or a row issue as its code."""
    codes: set[str] = set()
    for path in sorted((ROOT / "gateway/catalog").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = {"Note": 0, "Refused": 0, "_note": 0, "RowIssue": 3}.get(name)
            if place is not None and len(node.args) > place and isinstance(node.args[place], ast.Constant):
                codes.add(str(ast.literal_eval(node.args[place])))
    return codes


def test_every_code_of_a_row_has_its_sentence_and_every_sentence_its_code() -> None:
    ours = {"ignored_field", "product_unknown"}
    assert codes_in_the_catalogue() | ours == ROW_ERRORS.keys() | ROW_WARNINGS.keys()
