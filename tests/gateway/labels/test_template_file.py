"""Templates are checked when they are read; an error names file, box and what is wrong."""

from pathlib import Path

import pytest

from firmware_protocol import PANELS
from gateway.labels import template_names
from gateway.labels.store import FOLDER
from gateway.labels.template import CodeBox, FillBox, PriceBox, QrBox, TemplateInvalid
from gateway.labels.template_file import load_template

HEAD = 'name = "x"\n[fonts]\ntext = "noto-sans"\nprice = "roboto-condensed-bold"\n[panel."2.9"]\n'


def errors_of(tmp_path: Path, box: str) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + box, encoding="utf-8")
    with pytest.raises(TemplateInvalid) as caught:
        load_template(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("box", "says"),
    [
        ('a = { text = "{nam}", at = [1, 2, 3], size = [16] }', "no field is called 'nam'"),
        ('a = { text = "{name:money}", at = [1, 2, 3], size = [16] }', "no format 'money' for 'name'"),
        ('a = { text = "{deposit}", at = [1, 2, 3], size = [16] }', "needs a format"),
        ('a = { text = "{|hello}", at = [1, 2, 3], size = [16] }', "no phrase is called 'hello'"),
        ('a = { text = "{name", at = [1, 2, 3], size = [16] }', "brace"),
        ('a = { text = "{name}", at = [1, 2], size = [16] }', "`at`"),
        ('a = { text = "{name}", at = [1, 2, 3], size = [12, 16] }', "wished one first"),
        ('a = { text = "{name}", at = [1, 2, 3], size = [16, 9] }', "under 8 px"),
        ('a = { text = "{name}", at = [1, 2, 3], size = [16], font = "big" }', "[fonts] has no 'big'"),
        ('a = { text = "{name}", at = [1, 2, 3], size = [16], colour = 1 }', "no key is called 'colour'"),
        ('a = { text = "{name}", at = [1, 2, 3], size = [16], ink = "blue" }', "no ink is called 'blue'"),
        ('a = { text = "{name}", at = [1, 2, 3], size = [16], align = "top" }', "`align` is one of"),
        ('a = { text = "{name}", at = [1, 2, 3], size = [16], when = ["rain"] }', "no fact is called 'rain'"),
        ('a = { price = true, at = [1, 2, 3, 4], font = "price", size = [40, 20] }', "under 22 px"),
        ("a = { code = true, at = [1, 2, 3, 4], module_px = 1 }", "no scanner reads"),
        ("a = { at = [1, 2, 3, 4] }", "a box is one of"),
        ("a = 5", "is a table"),
        ("a = ", "mine.toml"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_box(box: str, says: str, tmp_path: Path) -> None:
    error = errors_of(tmp_path, box)
    assert error.startswith("mine.toml: ")
    assert says in error


@pytest.mark.parametrize("name", template_names())
def test_every_template_serves_every_panel_size(name: str) -> None:
    assert load_template(FOLDER / f"{name}.toml").boxes.keys() == {panel.partition("-")[0] for panel in PANELS}


@pytest.mark.parametrize("name", template_names())
def test_every_box_stands_on_its_panel(name: str) -> None:
    template = load_template(FOLDER / f"{name}.toml")
    for panel in PANELS.values():
        size = panel.name.partition("-")[0]
        width, height = panel.label_px
        designs = [(template.boxes[size], height), *((rows.boxes, rows.height) for rows in template.rows.get(size, ()))]
        for boxes, design_height in designs:
            for box in boxes.all:
                across = box.at[0] + box.at[2]
                down = box.at[1] + (box.at[3] if isinstance(box, (FillBox, PriceBox, CodeBox, QrBox)) else box.height)
                assert 0 <= box.at[0] < across <= width
                assert 0 <= box.at[1] <= down <= design_height
