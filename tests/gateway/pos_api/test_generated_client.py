"""A client that openapi-python-client generates from the document drives a whole batch against the real server."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.pos_api import document


@pytest.fixture
def client_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Generates the client into the test's own folder and makes it importable: the package's name."""
    (tmp_path / "openapi.json").write_text(json.dumps(document()))
    (tmp_path / "config.yml").write_text("package_name_override: generated_pos_client\npost_hooks: []\n")
    generated = subprocess.run(
        [
            str(Path(sys.executable).parent / "openapi-python-client"),
            "generate",
            "--path=openapi.json",
            "--config=config.yml",
            "--meta=none",
            "--output-path=generated_pos_client",
            "--fail-on-warning",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert generated.returncode == 0, generated.stdout + generated.stderr
    monkeypatch.syspath_prepend(str(tmp_path))
    return "generated_pos_client"


def test_a_generated_client_drives_a_whole_batch(client_package: str, live: Any) -> None:
    def part(name: str) -> Any:
        return importlib.import_module(f"{client_package}.{name}")

    models = part("models")
    _, token = live.open_store()
    client = part("client").AuthenticatedClient(base_url=live.url, token=token)
    started = part("api.batch.start_batch").sync(client=client, body=models.SessionStart(mode="full"))
    rows = [
        models.ProductChange.from_dict({"barcode": f"40{number}", "name": "Wasser", "price": "1.29"})
        for number in range(20)
    ]
    pushed = part("api.batch.push_products").sync(
        client=client, body=models.PushedProducts(products=rows, session_id=started.session_id)
    )
    assert (pushed.success, pushed.accepted) == (True, 20)
    completed = part("api.batch.complete_batch").sync(
        client=client, body=models.SessionEnd(session_id=started.session_id)
    )
    assert completed.success
    for _ in range(200):
        status = part("api.batch.read_batch_status").sync(started.session_id, client=client)
        if status.status == "completed":
            break
    assert (status.status, status.progress, status.products_saved) == ("completed", 100, 20)
    product = part("api.products.read_product").sync(client=client, barcode="407")
    assert product.product.price == "1.29"
