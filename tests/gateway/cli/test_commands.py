"""The commands against a running gateway, as a person and a script use them."""

import csv
import json
import os
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest
from gateway_process import GatewayProcess

pytestmark = pytest.mark.xdist_group("commands")  # one gateway for all
TAGS = [f"A4C138000000000{number}" for number in range(1, 5)]
PRICE_LIST = Path(__file__).parents[4] / "shared" / "data" / "price-list-hypermarket-2025-07-03.csv"


def esl(running: GatewayProcess, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ESL_DATA": str(running.data), "COLUMNS": "200"}
    command = [sys.executable, "-m", "gateway.cli", *words]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, env=environment, check=False)


def said(running: GatewayProcess, *words: str) -> Any:
    """What a command reports with --json; it must succeed."""
    ended = esl(running, *words, "--json")
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def shop(running: GatewayProcess) -> GatewayProcess:
    """A store with four tags of one display."""
    said(running, "store", "add", "shop")
    tags = [{"tagId": one, "factoryCode": "A" * 26, "panels": ["2.9-bwr"]} for one in TAGS]
    assert running.admin("POST", "/admin/stores/shop/box-list", {"tags": tags}).status_code == 200
    return running


@pytest.fixture(scope="module")
def stocked(shop: GatewayProcess, tmp_path_factory: pytest.TempPathFactory) -> GatewayProcess:
    """The shop with products 11111111 to 44444444."""
    file = tmp_path_factory.mktemp("stock") / "stock.json"
    rows = [{"barcode": str(number) * 8, "name": f"Kruh {number}", "price": "1.29"} for number in range(1, 5)]
    file.write_text(json.dumps(rows))
    report = said(shop, "import", str(file), "--store", "shop")
    assert (report["status"], report["productsSaved"], report["rejectedFile"]) == ("completed", 4, None)
    return shop


def test_a_rejected_row_goes_to_a_file_beside_the_input_and_the_others_are_saved(
    shop: GatewayProcess, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_text('barcode,name,price\n55555555,Mlijeko,0.99\n,Kruh,1.29\n66666666,Sir,"1,29"\n')
    ended = esl(shop, "import", str(file), "--store", "shop")
    assert ended.returncode == 0, ended.stderr
    assert "1 rows saved" in ended.stdout
    assert "2 rejected" in ended.stdout
    with (tmp_path / "list.rejected.csv").open(encoding="utf-8", newline="") as opened:
        rejected = list(csv.DictReader(opened))
    assert [(row["row"], row["name"], row["rejectedField"]) for row in rejected] == [
        ("2", "Kruh", "barcode"),
        ("3", "Sir", "price"),
    ]
    assert all(row["rejectedBecause"] for row in rejected)


def test_a_dry_run_says_the_same_and_sends_nothing(shop: GatewayProcess, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("barcode,name,price\n77777777,Mlijeko,0.99\n,Kruh,1.29\n")
    report = said(shop, "import", str(file), "--store", "shop", "--dry-run")
    assert (report["rows"], report["rejected"]) == (2, 1)
    assert esl(shop, "product", "show", "77777777", "--store", "shop").returncode == 1


@pytest.mark.parametrize("dry_run", [True, False])
def test_barcodes_that_stand_in_more_than_one_row_are_named_however_far_apart(
    running: GatewayProcess, tmp_path: Path, dry_run: bool
) -> None:
    said(running, "store", "add", f"twice-{dry_run}".lower())
    words = ("import", str(tmp_path / "list.csv"), "--store", f"twice-{dry_run}".lower(), *["--dry-run"] * dry_run)
    rows = [f"{number:08},Sir {number},1.29" for number in range(1, 1_101)]
    (tmp_path / "list.csv").write_text("barcode,name,price\n" + "\n".join([*rows, "00000007,Sir,2.49"]) + "\n")
    ended = esl(running, *words)
    assert ended.returncode == 0, ended.stderr
    assert "1 barcodes stand in more than one row" in ended.stdout
    assert "00000007: rows 7, 1101" in ended.stdout
    assert said(running, *words)["repeatedBarcodes"] == [{"barcode": "00000007", "rows": [7, 1101]}]


def test_an_import_without_a_token_names_the_two_that_are_live_and_what_to_do(
    running: GatewayProcess, tmp_path: Path
) -> None:
    said(running, "store", "add", "full")
    tokens = [said(running, "token", "create", "--store", "full", "--kind", "sandbox") for _ in range(2)]
    file = tmp_path / "list.csv"
    file.write_text("barcode,name,price\n55555555,Mlijeko,0.99\n")
    ended = esl(running, "import", str(file), "--store", "full")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert all(one["tokenId"] in ended.stderr for one in tokens)
    assert "--token" in ended.stderr
    assert "`esl token revoke" in ended.stderr
    with_one = said(running, "import", str(file), "--store", "full", "--token", tokens[0]["token"])
    assert with_one["productsSaved"] == 1
    ended = esl(running, "import", str(file), "--store", "full", "--token", "žeton")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "copy it whole" in ended.stderr


def test_an_import_of_which_nothing_was_taken_fails_and_says_how_a_decimal_comma_is_meant(
    shop: GatewayProcess, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes("Barkod;Naziv;Cijena\n3850000000015;Čokolada;1,29\n".encode("cp1250"))
    for words in ((), ("--dry-run",)):
        ended = esl(shop, "import", str(file), "--store", "shop", *words)
        assert ended.returncode == 1
        assert ended.stderr.splitlines()[-1] == (
            f"esl: none of the 1 rows was taken: mend {file}, or say --decimal , if it writes amounts as in 1.299,00"
        )
    assert esl(shop, "import", str(file), "--store", "shop", "--decimal", ",").returncode == 0


def test_a_refused_token_is_one_line_and_nothing_else(shop: GatewayProcess, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("barcode,name,price\n55555555,Mlijeko,0.99\n")
    ended = esl(shop, "import", str(file), "--store", "shop", "--token", "wrong")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    command = [sys.executable, "-m", "gateway.cli", "store", "list", "--server", shop.endpoint["http"]]
    environment = {**os.environ, "ESL_TOKEN": "wrong"}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "ESL_TOKEN is not the admin token" in ended.stderr


def test_an_import_leaves_no_token_behind(stocked: GatewayProcess) -> None:
    tokens = said(stocked, "token", "list", "--store", "shop")["tokens"]
    assert tokens
    assert not any(one["live"] for one in tokens)


@pytest.mark.skipif(not PRICE_LIST.exists(), reason="the published price list is not beside this checkout")
def test_of_the_published_price_list_each_row_is_saved_or_rejected_with_its_reason(
    running: GatewayProcess, tmp_path: Path
) -> None:
    said(running, "store", "add", "hyper")
    file = tmp_path / "hyper.csv"
    file.write_bytes(PRICE_LIST.read_bytes())
    report = said(running, "import", str(file), "--store", "hyper")
    assert (report["rows"], report["productsSaved"], report["rejected"]) == (10_950, 10_792, 158)
    with Path(report["rejectedFile"]).open(encoding="utf-8", newline="") as opened:
        assert {row["rejectedCode"] for row in csv.DictReader(opened)} == {"required"}


def test_a_display_is_bound_shown_drawn_and_unbound(stocked: GatewayProcess, tmp_path: Path) -> None:
    display = f"{TAGS[0]}.0"
    assert esl(stocked, "bind", display, "11111111").returncode == 0
    picture = tmp_path / "desired.png"
    while esl(stocked, "display", "show", display, "--desired", str(picture)).returncode != 0:
        pass  # until it has been drawn
    assert picture.read_bytes().startswith(b"\x89PNG")
    shown = said(stocked, "display", "show", display)
    assert (shown["barcodes"], shown["desiredRevision"], shown["confirmed"]) == (["11111111"], 1, False)
    assert esl(stocked, "unbind", display).returncode == 0
    assert said(stocked, "display", "show", display)["barcodes"] == []


def test_bindings_come_from_a_file_and_bad_rows_are_said(stocked: GatewayProcess, tmp_path: Path) -> None:
    file = tmp_path / "bindings.csv"
    file.write_text(f"Display,Barcode,Template\n{TAGS[1]}.0,22222222,\n{TAGS[1]}.0,99999999,\n")
    ended = esl(stocked, "bind", "--file", str(file), "--store", "shop")
    assert ended.returncode == 1
    assert "1 bound" in ended.stdout
    assert "no product '99999999'" in ended.stdout
    assert "1 could not be bound" in ended.stderr


def test_a_hand_scanner_types_tag_and_product_and_undo_takes_back(stocked: GatewayProcess) -> None:
    typed = f"{TAGS[2]}\n33333333\n44444444\n{TAGS[2]}\n44444444\nundo\n"
    ended = esl(stocked, "bind", "--scan", "--store", "shop", stdin=typed)
    assert ended.returncode == 0, ended.stderr
    assert "! 44444444 is no tag: scan a tag first" in ended.stdout
    assert f"{TAGS[2]}.0 is as before: 33333333" in ended.stdout
    assert said(stocked, "display", "show", f"{TAGS[2]}.0")["barcodes"] == ["33333333"]


def test_batches_and_products_are_listed_shown_and_watched(stocked: GatewayProcess) -> None:
    batches = said(stocked, "batch", "list", "--store", "shop")["batches"]
    (batch,) = [one for one in batches if one["productsSaved"] == 4]
    assert said(stocked, "batch", "show", batch["sessionId"])["unconfirmed"] == []
    assert said(stocked, "batch", "watch", batch["sessionId"])["status"] == "completed"
    found = said(stocked, "product", "list", "--store", "shop", "--search", "kruh 2")["products"]
    assert [one["barcode"] for one in found] == ["22222222"]
    assert said(stocked, "product", "show", "22222222", "--store", "shop")["ledger"]


def test_tags_are_listed_shown_approved_and_removed(stocked: GatewayProcess) -> None:
    assert [one["tagId"] for one in said(stocked, "tags", "list", "--store", "shop")["tags"]] == TAGS
    assert said(stocked, "tags", "approve", TAGS[3]) == {"approved": [TAGS[3]]}
    assert said(stocked, "tags", "remove", TAGS[3])["displays"] == [f"{TAGS[3]}.0"]
    assert said(stocked, "tags", "show", TAGS[3])["removedAt"]


def test_a_sandbox_report_that_is_not_complete_has_status_1(shop: GatewayProcess) -> None:
    ended = esl(shop, "sandbox", "report", "shop", "--json")
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["complete"] is False


def test_a_token_is_printed_once_and_changed_by_its_id(running: GatewayProcess) -> None:
    said(running, "store", "add", "till")
    made = said(running, "token", "create", "--store", "till", "--kind", "sandbox", "--map", "salePrice=Aktion")
    assert made["token"].startswith("esl_sandbox_")
    assert made["fieldMap"] == {"salePrice": "Aktion"}
    assert said(running, "token", "update", made["tokenId"])["fieldMap"] is None
    assert said(running, "token", "revoke", made["tokenId"])["revokedAt"]


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("store", "add", "S!"), 1, "store: 1 to 24 of a-z"),
        (("tags", "list", "--store", "none"), 1, "there is no store none; `esl store list` shows them"),
        (("token", "create", "--store", "shop", "--kind", "x"), 2, "sandbox or production is wanted"),
        (("bind",), 2, "name one way"),
        (("bind", "--auto"), 2, "--store S is wanted"),
        (("display", "show", "none.0"), 1, "there is no display none.0"),
        (("import", "none.csv", "--store", "shop"), 1, "none.csv cannot be read"),
        (("store", "add", "shop"), 1, "store shop exists already: take another name, or use it"),
        (("product", "show", "1", "--store", "shop"), 1, "`esl product list --store shop` shows them"),
        (("batch", "show", "none"), 1, "there is no session none; `esl batch list --store S` shows those"),
        (("store", "list", "--server", "http://127.0.0.1:9"), 1, "--server needs ESL_TOKEN"),
    ],
)
def test_an_error_is_one_line_with_what_to_do(
    shop: GatewayProcess, words: tuple[str, ...], status: int, sentence: str
) -> None:
    ended = esl(shop, *words)
    assert ended.returncode == status
    assert ended.stderr.startswith("esl: ")
    assert ended.stderr.count("\n") == 1
    assert sentence in ended.stderr


def test_an_admin_token_with_letters_that_none_has_is_said_in_one_line(shop: GatewayProcess) -> None:
    command = [sys.executable, "-m", "gateway.cli", "store", "list", "--server", "http://127.0.0.1:9"]
    environment = {**os.environ, "ESL_TOKEN": "žeton"}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "copy admin.token whole" in ended.stderr


def test_on_a_narrow_terminal_a_table_becomes_lines_that_fit(stocked: GatewayProcess) -> None:
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, 60))
    environment = {**os.environ, "ESL_DATA": str(stocked.data), "TERM": "xterm"}
    environment.pop("COLUMNS", None)
    command = [sys.executable, "-m", "gateway.cli", "tags", "list", "--store", "shop"]
    subprocess.run(command, stdout=slave, stderr=slave, env=environment, check=True)
    os.close(slave)
    lines = os.read(master, 100_000).decode().splitlines()
    os.close(master)
    assert all(any(tag in line for line in lines) for tag in TAGS)
    assert not any("…" in line for line in lines)
    assert max(len(line) for line in lines) <= 60


def test_where_no_gateway_runs_the_command_that_starts_one_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gateway.cli", "store", "list", "--data", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr == f"esl: no gateway runs on {tmp_path}: start one with `esl serve --data {tmp_path}`\n"


def test_help_groups_every_command() -> None:
    command = [sys.executable, "-m", "gateway.cli", "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "100"})
    titles = [line for line in ended.stdout.splitlines() if line.startswith("╭─ ")]
    panels = [line.strip("╭─╮ ") for line in titles if "Options" not in line]
    assert panels == ["Run", "Set up a shop", "Products and prices", "Labels"]
    for name in ("serve", "store", "token", "sandbox", "import", "product", "batch", "tags", "bind", "display"):
        assert f"│ {name} " in ended.stdout


def test_a_tag_joins_by_the_line_that_is_printed_on_it_typed_or_scanned(shop: GatewayProcess) -> None:
    said(shop, "store", "add", "drawer")
    code = "AAAAAAAAAAAAAAAAAAAAAAAAAA"
    added = said(shop, "tags", "add", "--store", "drawer", "--code", f"ESL:A4C1380000000101:{code}:2.9-BWR+2.13-BW")
    assert added["displays"] == ["A4C1380000000101.0", "A4C1380000000101.1"]
    scanned = f"esl:a4c1380000000102:{code}\r\n\nA4C1380000000103 {code}\n"
    ended = esl(shop, "tags", "add", "--store", "drawer", "--panel", "2.9-bw", stdin=scanned)
    assert ended.returncode == 0, ended.stderr
    assert "2 tags may join store drawer: A4C1380000000102, A4C1380000000103" in ended.stdout
    again = esl(shop, "tags", "add", "--store", "drawer", "--code", f"A4C1380000000102 {code} 2.9-BWR")
    assert (again.returncode, "known already, and as they were" in again.stdout) == (0, True)
    found = said(shop, "tags", "list", "--store", "drawer")["tags"]
    assert [one["panels"] for one in found] == [["2.9-bwr", "2.13-bw"], ["2.9-bw"], ["2.9-bw"]]
    assert [one["twinAt"] for one in found] == [None, None, None]


def test_a_printed_line_that_is_wrong_is_named_without_its_secret_and_nothing_is_added(shop: GatewayProcess) -> None:
    good, bad = f"ESL:{TAGS[0]}:{'A' * 26}:2.9-BWR", f"ESL:A4C1380000000199:{'A' * 25}1:2.9-BWR"
    ended = esl(shop, "tags", "add", "--store", "shop", "--code", good, "--code", bad)
    assert ended.returncode == 2
    assert "code 2: factory_code is '26 signs'" in ended.stderr
    assert "AAAA" not in ended.stderr
    ended = esl(shop, "tags", "add", "--store", "shop", "--code", f"A4C1380000000199 {'A' * 26}")
    assert (ended.returncode, "add --panel" in ended.stderr) == (2, True)
    nobody = esl(shop, "tags", "add", "--store", "shop", stdin="\n")
    assert (nobody.returncode, "no code came" in nobody.stderr) == (2, True)
    assert "A4C1380000000199" not in esl(shop, "tags", "list", "--store", "shop").stdout


def test_tags_that_have_not_joined_need_no_new_keys(shop: GatewayProcess) -> None:
    answer = said(shop, "tags", "rotate-keys", TAGS[0])
    assert (answer["asked"], answer["without"], answer["waiting"]) == ([], [TAGS[0]], [])
    assert esl(shop, "tags", "rotate-keys").returncode == 2
    assert esl(shop, "tags", "rotate-keys", "A4C1380000000999").returncode == 1
    assert set(TAGS[:3]) <= set(said(shop, "tags", "rotate-keys", "--store", "shop")["without"])
