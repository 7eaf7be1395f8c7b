"""`esl backup` of a gateway that serves, `esl restore` on another machine, as an operator types them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gateway_process import GatewayProcess, gateway, is_one_line

ROWS = [{"barcode": str(number) * 8, "name": f"Kruh {number}", "price": "1.29"} for number in range(1, 4)]


def esl(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway.cli", *map(str, words)]
    surroundings = {key: value for key, value in os.environ.items() if not key.startswith("ESL_")}
    return subprocess.run(
        command, capture_output=True, text=True, env={**surroundings, "COLUMNS": "200", **environment}, check=False
    )


def said(*words: str | Path) -> Any:
    """What a command reports with --json; it must succeed, and say nothing beside it."""
    ended = esl(*words, "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def shop(running: GatewayProcess, tmp_path_factory: pytest.TempPathFactory) -> GatewayProcess:
    file = tmp_path_factory.mktemp("stock") / "stock.json"
    file.write_text(json.dumps(ROWS))
    said("store", "add", "shop", "--data", running.data)
    assert esl("import", file, "--store", "shop", "--data", running.data).returncode == 0
    return running


def test_a_shop_that_is_backed_up_while_it_serves_lives_again_in_another_folder(
    shop: GatewayProcess, tmp_path: Path
) -> None:
    file, elsewhere = tmp_path / "monday.esl-backup", tmp_path / "elsewhere"
    made = said("backup", file, "--data", shop.data)
    assert (made["file"], made["octets"]) == (str(file), file.stat().st_size)
    assert {"esl.sqlite", "site.key", "admin.token"} <= set(made["files"])
    restored = said("restore", file, "--data", elsewhere)
    assert (restored["data"], restored["kept"], restored["madeAt"]) == (str(elsewhere), None, made["madeAt"])
    with gateway(elsewhere) as other:
        assert other.admin_token == shop.admin_token
        assert said("product", "show", "11111111", "--store", "shop", "--data", elsewhere)["barcode"] == "11111111"
        assert said("product", "list", "--store", "shop", "--data", elsewhere) == said(
            "product", "list", "--store", "shop", "--data", shop.data
        )


def test_both_say_what_they_did_and_what_comes_next_and_find_the_folder_by_esl_data(
    shop: GatewayProcess, tmp_path: Path
) -> None:
    file, elsewhere = tmp_path / "monday.esl-backup", tmp_path / "elsewhere"
    ended = esl("backup", file, ESL_DATA=str(shop.data))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"{file}: " in ended.stdout
    assert "keep it safe" in ended.stdout
    ended = esl("restore", file, ESL_DATA=str(elsewhere))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"next: `esl serve --data {elsewhere}`" in ended.stdout
    ended = esl("restore", file, "--force", ESL_DATA=str(elsewhere))
    assert f"what it held before: {elsewhere}{os.sep}replaced." in ended.stdout


def test_what_cannot_be_done_is_one_line_with_what_to_do_and_status_1(shop: GatewayProcess, tmp_path: Path) -> None:
    file = tmp_path / "monday.esl-backup"
    said("backup", file, "--data", shop.data)
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear aunt")
    cut_off = tmp_path / "cut-off.esl-backup"
    cut_off.write_bytes(file.read_bytes()[:-100])
    full = tmp_path / "full"
    said("restore", file, "--data", full)
    for words, what_to_do in (
        (("restore", file, "--data", shop.data, "--force"), "stop it, or give another folder (--data)"),
        (("restore", file, "--data", full), "give an empty folder (--data), or --force"),
        (("restore", letter, "--data", tmp_path / "new"), "give a file that `esl backup` wrote"),
        (("restore", cut_off, "--data", tmp_path / "new"), "copy it again from where it was kept"),
        (("backup", letter, "--data", shop.data), "give another name"),
        (("backup", file, "--data", tmp_path / "new"), "name the gateway's data folder (--data)"),
    ):
        ended = esl(*words)
        assert ended.returncode == 1
        assert is_one_line(ended.stderr), ended.stderr
        assert what_to_do in ended.stderr
