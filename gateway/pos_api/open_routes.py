"""What needs no token: health, the OpenAPI document, and its browser, all without internet.

Rule: whatever a browser loads here comes from this gateway (static/), unchanged; see vendor/README.md.
"""

import json
from functools import cache
from importlib.resources import files

from litestar import Response

from gateway.pos_api.answers import ok
from gateway.pos_api.desk import Desk
from gateway.pos_api.limits import NOT_READY_RETRY_S
from gateway.pos_api.openapi import document
from gateway.pos_api.problem import Problem
from gateway.pos_api.request import PosRequest

_CONSOLE = "/console"
_STATIC = files("gateway.pos_api") / "static"
# The only files that are served, and as what.
STATIC_FILES = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
    "docs.js": "text/javascript; charset=utf-8",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'"
)


async def answer_root(request: PosRequest) -> Response[bytes]:
    """A browser is sent to the console. Raises `Problem` path_unknown for everybody else."""
    if "text/html" in request.headers.get("accept", ""):
        return Response(b"", status_code=302, headers={"Location": _CONSOLE}, media_type="text/plain")
    raise Problem("path_unknown", "There is nothing at this path; /docs shows the paths there are.")


async def answer_health() -> Response[bytes]:
    return ok({"success": True, "status": "ok"})


async def answer_ready(desk: Desk) -> Response[bytes]:
    """Raises `Problem` not_ready."""
    because = desk.services.not_ready_because()
    if because is not None:
        raise Problem("not_ready", because, headers={"Retry-After": str(NOT_READY_RETRY_S)})
    return ok({"success": True, "status": "ok"})


async def answer_document(desk: Desk) -> Response[bytes]:
    return Response(_document_bytes(desk.services.settings.prefixes), status_code=200, media_type="application/json")


async def answer_docs() -> Response[bytes]:
    return Response(
        _static_bytes("docs.html"), media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _POLICY}
    )


async def answer_static(name: str) -> Response[bytes]:
    """Raises `Problem` path_unknown."""
    if name not in STATIC_FILES:
        raise Problem("path_unknown", "There is no such file.")
    return Response(_static_bytes(name), media_type=STATIC_FILES[name], headers={"Cache-Control": "max-age=3600"})


@cache
def _document_bytes(prefixes: tuple[str, ...]) -> bytes:
    return json.dumps(document(prefixes), ensure_ascii=False, separators=(",", ":")).encode()


@cache
def _static_bytes(name: str) -> bytes:
    folder = _STATIC if name.startswith("docs.") else _STATIC / "swagger-ui"
    return (folder / name).read_bytes()
