"""Health, the document and its browser: no token, no internet."""

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "gateway/pos_api/static"
Till = Callable[..., Any]


def test_the_api_browser_loads_nothing_from_elsewhere(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        page = await pos.get("/docs")
        assert page.headers["content-type"].startswith("text/html")
        wanted = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(wanted) == 5
        for path in wanted:
            assert path.startswith("/")
            assert (await pos.get(path)).status_code == 200, path
        policy = page.headers["content-security-policy"]
        assert "http" not in policy
        assert "default-src 'none'" in policy
        assert "http" not in (STATIC / "docs.js").read_text().replace("https://", "http")

    at_the_till(scenario)


def test_nothing_but_the_browsers_own_files_is_served(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        for name in ("LICENSE", "docs.html", "..%2f..%2fapp.py", "swagger-ui"):
            assert (await pos.get(f"/docs/static/{name}")).status_code == 404, name

    at_the_till(scenario)


def test_vendored_files_are_those_of_the_readme() -> None:
    told = dict(re.findall(r"\| `([^`]+)` \| `([0-9a-f]{64})` \|", (ROOT / "vendor/README.md").read_text()))
    kept = {path.name: sha256(path.read_bytes()).hexdigest() for path in (STATIC / "swagger-ui").iterdir()}
    assert kept == told


def test_readiness_says_what_is_missing(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        assert (await pos.get("/readyz")).json() == {"success": True, "status": "ok"}
        pos.gateway.not_ready.append("The broker does not answer.")
        answer = await pos.get("/readyz")
        assert (answer.status_code, answer.json()["message"]) == (503, "The broker does not answer.")
        assert answer.headers["retry-after"] == "2"
        assert (await pos.get("/healthz")).status_code == 200

    at_the_till(scenario)


def test_the_document_names_the_prefixes_as_servers(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        document = (await pos.get("/api/openapi.json")).json()
        assert [server["url"] for server in document["servers"]] == ["/", "/v1", "/api", "/api/v1"]
        assert all(not path.startswith(("/v1", "/api")) for path in document["paths"])

    at_the_till(scenario)
