"""The templates at hand, and the release of each: what decides, beside the request, which pixels are drawn.

Rule: a release changes whenever pixels may change: the template, those it falls back to, words, fonts, the engine that
draws, the tables of babel. Raise `DRAWING` with every change of layout or painter that moves a pixel.
"""

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path

import babel
import PIL
from PIL import features

from gateway.labels.fontbook import FONT_FILES
from gateway.labels.request import Refused
from gateway.labels.template import Template
from gateway.labels.template_file import load_template
from gateway.labels.words import WORDS_FILE

DRAWING = 1

FOLDER = Path(__file__).parent / "templates"


@functools.cache
def _files() -> Mapping[str, Path]:
    return {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}


@functools.cache
def _loaded(name: str) -> Template:
    return load_template(_files()[name])


def template_names() -> list[str]:
    return list(_files())


def template(name: str) -> Template:
    """Raises `Refused` for a name that no template has."""
    if name not in _files():
        raise Refused("template", f"none is called {name!r}")
    return _loaded(name)


@functools.cache
def template_release(name: str) -> str:
    """16 hexadecimal digits. A name that no template has gives the release of what it falls back to."""
    falls_back_to = {name, "minimal", "till"} & _files().keys()
    sha = hashlib.sha256(name.encode())
    for known in sorted(falls_back_to):
        sha.update(_files()[known].read_bytes())
    sha.update(WORDS_FILE.read_bytes())
    pinned = sorted((font.name, font.sha256) for font in FONT_FILES.values())
    sha.update(repr((DRAWING, pinned, PIL.__version__, features.version("freetype2"), babel.__version__)).encode())
    return sha.hexdigest()[:16]
