"""Compiles the C programs that stand beside the tests, against the header of the package."""

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "firmware_protocol" / "c"
FLAGS = ("-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", f"-I{FOLDER}")
SANITIZERS = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc compiles the C programs; it is not installed")


def compiled(name: str, folder: Path) -> Path:
    """The program, with the sanitizers where this gcc has their libraries."""
    source, made = Path(__file__).parent / "c" / f"{name}.c", folder / name
    said = ""
    for more in (SANITIZERS, ()):
        command = ["gcc", *FLAGS, *more, "-o", made, source]
        built = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if built.returncode == 0:
            return made
        said = built.stderr
        if "asan" not in said and "ubsan" not in said:
            break
    raise AssertionError(said)


def answered(program: Path, lines: str) -> str:
    """What it says to these lines; it must end well, or a sanitizer has found something."""
    ended = subprocess.run([program], input=lines.encode(), capture_output=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr.decode(errors="replace")[-2000:]
    return ended.stdout.decode("utf-8")
