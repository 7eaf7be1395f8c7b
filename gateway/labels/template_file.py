"""Reads a template from its TOML file (docs/labels.md describes the keys).

In: a path. Out: a `Template`. Rule: everything is checked here; an unknown key, field, format, fact or font never
reaches a label, and the error names file, box and what is wrong.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from gateway.labels.fontbook import FONT_FILES, face
from gateway.labels.limits import LEAST_PRICE_DIGIT_PX, LEAST_TEXT_DIGIT_PX
from gateway.labels.template import (
    DATE_FIELDS,
    FACTS,
    FORMATS,
    INK_ROLES,
    MONEY_FIELDS,
    TEXT_FIELDS,
    Align,
    Box,
    Boxes,
    CodeBox,
    FillBox,
    Overflow,
    Part,
    PriceBox,
    QrBox,
    Rows,
    Template,
    TemplateInvalid,
    TextBox,
    Token,
    When,
)
from gateway.labels.text import Type
from gateway.labels.words import WORD_NAMES

_TOKEN = re.compile(r"\{(\w*)(?::(\w+))?(?:\|(\w+))?\}")


def load_template(path: Path) -> Template:
    """Raises `TemplateInvalid`."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return _Reader(path.name, raw).template()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TemplateInvalid(f"{path.name}: {error}") from error


class _Reader:
    def __init__(self, file: str, raw: Mapping[str, object]) -> None:
        self._file, self._raw = file, raw
        self._fonts: dict[str, tuple[str, ...]] = {}

    def template(self) -> Template:
        self._only(self._raw, {"name", "fonts", "panel", "rows"}, "the file")
        for role, chain in self._table(self._raw, "fonts").items():
            names = tuple(chain) if isinstance(chain, list) else (chain,)
            for name in names:
                if name not in FONT_FILES:
                    raise self._invalid(f"fonts.{role}", f"no font is called {name!r}")
            self._fonts[role] = names
        panels = self._table(self._raw, "panel")
        boxes = {size: self._boxes(self._table(panels, size), f"panel.{size}") for size in panels}
        several = self._table(self._raw, "rows")
        rows = {size: self._row_designs(self._table(several, size), f"rows.{size}") for size in several}
        return Template(str(self._raw["name"]), boxes, rows)

    def _row_designs(self, raw: Mapping[str, object], place: str) -> tuple[Rows, ...]:
        designs = []
        for most in sorted(raw, key=int):
            design = self._table(raw, most)
            self._only(design, {"height", "line", "box"}, f"{place}.{most}")
            boxes = self._boxes(self._table(design, "box"), f"{place}.{most}")
            designs.append(Rows(int(most), cast(int, design["height"]), bool(design.get("line", True)), boxes))
        return tuple(designs)

    def _boxes(self, raw: Mapping[str, object], place: str) -> Boxes:
        return Boxes(tuple(self._box(self._table(raw, name), f"{place}.{name}") for name in raw))

    def _box(self, raw: Mapping[str, object], place: str) -> Box:
        kinds = {"fill", "text", "price", "code", "qr"} & raw.keys()
        if len(kinds) != 1:
            raise self._invalid(place, "a box is one of fill, text, price, code, qr")
        match kinds.pop():
            case "fill":
                self._only(raw, {"fill", "at", "when"}, place)
                return FillBox(self._when(raw, place), self._at4(raw, place), self._ink(raw, "fill", place))
            case "text":
                return self._text_box(raw, place)
            case "price":
                return self._price_box(raw, place)
            case "code":
                self._only(raw, {"code", "at", "when", "module_px", "font", "size"}, place)
                digits = self._types(raw, place)[0] if "size" in raw else None
                return CodeBox(self._when(raw, place), self._at4(raw, place), self._modules(raw, place), digits)
            case _:
                self._only(raw, {"qr", "at", "when", "module_px"}, place)
                return QrBox(self._when(raw, place), self._at4(raw, place), self._modules(raw, place))

    def _text_box(self, raw: Mapping[str, object], place: str) -> TextBox:
        known = {"text", "at", "when", "font", "size", "lines", "leading", "align", "ink", "overflow", "strike"}
        self._only(raw, known, place)
        given = raw["text"]
        parts = tuple(self._part(part, place) for part in (given if isinstance(given, list) else [given]))
        at = self._numbers(raw, "at", place)
        if len(at) not in (3, 4):
            raise self._invalid(place, "`at` of a text is x, baseline, width or x, y, width, height")
        fields = [token.field or token.phrase for part in parts for token in part if isinstance(token, Token)]
        return TextBox(
            when=self._when(raw, place),
            at=(at[0], at[1], at[2]),
            height=at[3] if len(at) == 4 else 0,
            parts=parts,
            types=self._types(raw, place),
            lines=cast(int, raw.get("lines", 1)),
            leading=cast(float, raw.get("leading", 1.2)),
            align=cast(Align, self._choice(raw, "align", ("left", "center", "right"), place)),
            ink=self._ink(raw, "ink", place),
            overflow=cast(Overflow, self._choice(raw, "overflow", ("refuse", "ellipsis", "drop"), place)),
            strike=bool(raw.get("strike", False)),
            field=fields[0] if fields else "text",
        )

    def _price_box(self, raw: Mapping[str, object], place: str) -> PriceBox:
        self._only(raw, {"price", "at", "when", "font", "size", "align", "ink", "emphasis"}, place)
        font = self._font(raw, place)[0]
        sizes = self._sizes(raw, place)
        if face(font, sizes[-1]).digit_px < LEAST_PRICE_DIGIT_PX:
            raise self._invalid(place, f"digits of {sizes[-1]} px type are under {LEAST_PRICE_DIGIT_PX} px high")
        return PriceBox(
            when=self._when(raw, place),
            at=self._at4(raw, place),
            sizes=sizes,
            font=font,
            align=cast(Align, self._choice(raw, "align", ("left", "center", "right"), place)),
            ink=self._ink(raw, "ink", place),
            emphasis=self._ink(raw, "emphasis", place),
        )

    def _types(self, raw: Mapping[str, object], place: str) -> tuple[Type, ...]:
        chain = self._font(raw, place)
        types = tuple(Type(tuple(face(name, size) for name in chain)) for size in self._sizes(raw, place))
        if types[-1].faces[0].digit_px < LEAST_TEXT_DIGIT_PX:
            raise self._invalid(place, f"digits of {types[-1].size} px type are under {LEAST_TEXT_DIGIT_PX} px high")
        return types

    def _part(self, text: object, place: str) -> Part:
        pieces: list[str | Token] = []
        end = 0
        for found in _TOKEN.finditer(str(text)):
            if found.start() > end:
                pieces.append(str(text)[end : found.start()])
            pieces.append(self._token(*(group or "" for group in found.groups()), place=place))
            end = found.end()
        rest = str(text)[end:]
        if "{" in rest or "}" in rest:
            raise self._invalid(place, f"{text!r} has a brace that is no field")
        return (*pieces, rest) if rest else tuple(pieces)

    def _token(self, field: str, format_: str, phrase: str, *, place: str) -> Token:
        if field and field not in TEXT_FIELDS | MONEY_FIELDS | DATE_FIELDS:
            raise self._invalid(place, f"no field is called {field!r}")
        if not field and not phrase:
            raise self._invalid(place, "{} names neither a field nor a phrase")
        if phrase and phrase not in WORD_NAMES:
            raise self._invalid(place, f"no phrase is called {phrase!r}")
        if format_ and field not in FORMATS.get(format_, ()):
            raise self._invalid(place, f"no format {format_!r} for {field!r}")
        if field in MONEY_FIELDS | DATE_FIELDS and not format_:
            raise self._invalid(place, f"{field!r} needs a format")
        return Token(field, format_, phrase)

    def _when(self, raw: Mapping[str, object], place: str) -> When:
        facts = [str(fact) for fact in cast("list[object]", raw.get("when", []))]
        for fact in facts:
            if fact.removeprefix("!") not in FACTS:
                raise self._invalid(place, f"no fact is called {fact!r}")
        fails = {fact.removeprefix("!") for fact in facts if fact.startswith("!")}
        return When(frozenset(facts) - {f"!{fact}" for fact in fails}, frozenset(fails))

    def _font(self, raw: Mapping[str, object], place: str) -> tuple[str, ...]:
        role = str(raw.get("font", "text"))
        if role not in self._fonts:
            raise self._invalid(place, f"[fonts] has no {role!r}")
        return self._fonts[role]

    def _sizes(self, raw: Mapping[str, object], place: str) -> tuple[int, ...]:
        sizes = self._numbers(raw, "size", place)
        if not sizes or list(sizes) != sorted(sizes, reverse=True):
            raise self._invalid(place, "`size` lists sizes in pixels, the wished one first")
        return sizes

    def _modules(self, raw: Mapping[str, object], place: str) -> tuple[int, ...]:
        modules = self._numbers(raw, "module_px", place)
        if not modules or min(modules) < 2:
            raise self._invalid(place, "`module_px` lists 2 or more: no scanner reads a module of 1 px")
        return modules

    def _ink(self, raw: Mapping[str, object], key: str, place: str) -> str:
        default = raw.get("ink", "black") if key == "emphasis" else "black"
        role = str(raw.get(key, default))
        if role not in INK_ROLES:
            raise self._invalid(place, f"no ink is called {role!r}")
        return role

    def _choice(self, raw: Mapping[str, object], key: str, choices: tuple[str, ...], place: str) -> str:
        chosen = str(raw.get(key, choices[0]))
        if chosen not in choices:
            raise self._invalid(place, f"`{key}` is one of {', '.join(choices)}")
        return chosen

    def _at4(self, raw: Mapping[str, object], place: str) -> tuple[int, int, int, int]:
        at = self._numbers(raw, "at", place)
        if len(at) != 4:
            raise self._invalid(place, "`at` is x, y, width, height")
        return at[0], at[1], at[2], at[3]

    def _numbers(self, raw: Mapping[str, object], key: str, place: str) -> tuple[int, ...]:
        numbers = raw.get(key, [])
        numbers = numbers if isinstance(numbers, list) else [numbers]
        if not all(isinstance(number, int) for number in numbers):
            raise self._invalid(place, f"`{key}` lists whole pixels")
        return tuple(numbers)

    def _table(self, raw: Mapping[str, object], key: str) -> Mapping[str, object]:
        table = raw.get(key, {})
        if not isinstance(table, dict):
            raise self._invalid(key, "is a table")
        return table

    def _only(self, raw: Mapping[str, object], known: set[str], place: str) -> None:
        unknown = sorted(raw.keys() - known)
        if unknown:
            raise self._invalid(place, f"no key is called {unknown[0]!r}")

    def _invalid(self, place: str, what: str) -> TemplateInvalid:
        return TemplateInvalid(f"{self._file}: {place}: {what}")
