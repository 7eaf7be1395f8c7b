"""What pages are printed on: templates, the files they refer to, and the headers that fence them in.

Rule: a page may load nothing but our own files, and talk to nobody but us and, in a demo, to its buttons.
"""

import hashlib
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from msgspec import Struct

from gateway.console.pages.words import FACTS, REASONS, STATES

HERE = Path(__file__).parent
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Asset(Struct, frozen=True):
    octets: bytes
    media_type: str
    etag: str


class Paper:
    """Reads everything at the start. `release` names the files: a page of another release reloads itself."""

    def __init__(self, demo_control: str | None) -> None:
        self.assets = {path.name: _asset(path) for path in sorted((HERE / "static").iterdir())}
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.globals.update(STATES=STATES, FACTS=FACTS, REASONS=REASONS)
        sources = [path.read_bytes() for path in sorted((HERE / "templates").iterdir())]
        sources += [asset.octets for asset in self.assets.values()]
        self.release = hashlib.sha256(b"\0".join(sources)).hexdigest()[:16]
        self._headers = {
            "cache-control": "no-store",
            "content-security-policy": _policy(demo_control),
            "referrer-policy": "same-origin",
            "x-content-type-options": "nosniff",
        }

    def page(self, name: str, status: int = HTTPStatus.OK, **words: object) -> Response[str]:
        html = self._templates.get_template(name).render(release=self.release, **words)
        return Response(html, status_code=status, media_type="text/html; charset=utf-8", headers=self._headers)


def _asset(path: Path) -> Asset:
    octets = path.read_bytes()
    return Asset(octets, _MEDIA_TYPES[path.suffix], f'"{hashlib.sha256(octets).hexdigest()[:16]}"')


def _policy(demo_control: str | None) -> str:
    connect = "'self'"
    if demo_control is not None:
        control = urlsplit(demo_control)
        connect += f" {control.scheme}://{control.netloc}"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src {connect}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
