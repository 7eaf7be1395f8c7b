"""Pictures and planes: product, template and panel in, content out. Pure. Start at `render`."""

from gateway.labels.fontbook import engine_words
from gateway.labels.layout import has_a_design
from gateway.labels.preview import preview_png
from gateway.labels.render import render, render_many
from gateway.labels.request import Drawn, Fallback, LabelProduct, LabelRequest
from gateway.labels.store import template_names, template_release

__all__ = [
    "Drawn",
    "Fallback",
    "LabelProduct",
    "LabelRequest",
    "engine_words",
    "has_a_design",
    "preview_png",
    "render",
    "render_many",
    "template_names",
    "template_release",
]
