"""Yesterday's vectors stay decodable: what a release said is never changed, never removed, and still read the same.

A file may get more entries. How the entries of each kind are read and written again: `test_vectors`, which takes them
from every release, too.
"""

import hashlib
import json
import re
from pathlib import Path

import pytest
from wire_vectors import RELEASED, inputs_of, released_vectors, vectors_of

from firmware_protocol.explain import explain
from firmware_protocol.vectors import SUBJECTS, Vector, read_vectors

ROOT = Path(__file__).parents[2]
SUMS = json.loads((RELEASED / "sha256.json").read_text(encoding="utf-8"))
RELEASED_VECTORS = [
    pytest.param(subject, vector, id=f"{version}-{subject}-{vector.name}")
    for version, subjects in released_vectors().items()
    for subject, vectors in subjects.items()
    for vector in vectors
]


@pytest.mark.parametrize(("version", "file"), [(version, file) for version, files in SUMS.items() for file in files])
def test_a_released_file_is_kept_as_it_was(version: str, file: str) -> None:
    assert hashlib.sha256((RELEASED / version / file).read_bytes()).hexdigest() == SUMS[version][file]


def test_the_files_that_are_kept_are_those_that_are_pinned() -> None:
    kept = {(file.parent.name, file.name) for file in RELEASED.glob("*/*.json")}
    assert kept == {(version, file) for version, files in SUMS.items() for file in files}


def test_every_version_that_the_changelog_calls_released_is_pinned() -> None:
    released = re.findall(r"^## (\d+\.\d+\.\d+)\b", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert released
    assert [version for version in released if version not in SUMS] == [], "python -m tools.pin_vectors VERSION"


@pytest.mark.parametrize(("subject", "vector"), RELEASED_VECTORS)
def test_a_released_vector_is_still_among_todays_unchanged(subject: str, vector: Vector) -> None:
    assert subject in SUBJECTS
    assert vector in read_vectors(subject)


@pytest.mark.parametrize(("subject", "vector"), RELEASED_VECTORS)
def test_a_released_frame_is_still_taken_and_explained(subject: str, vector: Vector) -> None:
    for kind, octets in inputs_of(vector):
        assert explain(kind, octets).lines


def test_todays_vectors_have_names_of_their_own() -> None:
    for subject in SUBJECTS:
        names = [vector.name for vector in vectors_of(subject)]
        assert len(names) == len(set(names)), f"a vector of {subject} was changed after its release"
