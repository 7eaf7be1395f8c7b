"""A template's release changes whenever the pixels may, and only then."""

from pathlib import Path

import pytest
from PIL import features

from gateway.labels import store, template_names, template_release


def test_the_built_in_templates_are_at_hand() -> None:
    assert template_names() == ["minimal", "shelf", "till", "unbound"]


def test_releases_differ_by_template_and_are_stable() -> None:
    releases = {name: template_release(name) for name in template_names()}
    assert len(set(releases.values())) == 4
    assert all(len(text) == 16 for text in releases.values())
    assert releases == {name: template_release.__wrapped__(name) for name in template_names()}


@pytest.mark.parametrize("changed", ["shelf.toml", "minimal.toml", "till.toml"])
def test_a_change_of_a_template_or_of_what_it_falls_back_to_is_a_new_release(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = template_release("shelf")
    for name in template_names():
        (tmp_path / f"{name}.toml").write_bytes((store.FOLDER / f"{name}.toml").read_bytes())
    (tmp_path / changed).write_bytes((tmp_path / changed).read_bytes() + b"\n# moved\n")
    monkeypatch.setattr(store, "_files", lambda: {path.stem: path for path in tmp_path.glob("*.toml")})
    assert template_release.__wrapped__("shelf") != before


def test_another_freetype_is_a_new_release(monkeypatch: pytest.MonkeyPatch) -> None:
    before = template_release("shelf")
    monkeypatch.setattr(features, "version", lambda _: "2.13.3")
    assert template_release.__wrapped__("shelf") != before
