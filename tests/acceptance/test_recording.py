"""A recorded morning: what was said stands in the file, no token does, and the same requests are played again."""

import base64
import json
import stat
import subprocess
from collections import Counter
from pathlib import Path

import httpx
from gateway_process import gateway, refused
from real_shop import ESL, STORE, all_confirmed, bind_all, fleet, said

from firmware_protocol.link.payload import unpack_down_payload, unpack_up_payload

WITHIN_S = 120


def world(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*ESL, "world", *words], capture_output=True, text=True, timeout=WITHIN_S, check=False)


def test_a_morning_is_recorded_told_and_played_again(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "morning.jsonl"
    rows = [{"barcode": f"SKU-{n}", "name": f"Artikl {n}", "price": f"{n}.49"} for n in range(1, 4)]
    with gateway(data, "--record", str(file)) as running:
        said(data, "store", "add", STORE)
        token = said(data, "token", "create", "--store", STORE, "--kind", "sandbox")["token"]
        with fleet(data, "--tags", "3", "--speed", "60") as tags:
            tags.until_commissioned(WITHIN_S)
            url, bearer = running.endpoint["http"], {"authorization": f"Bearer {token}"}
            assert httpx.post(f"{url}/add", json=rows, headers=bearer).status_code == 200
            assert len(bind_all(data)) == 3
            all_confirmed(running, WITHIN_S)
            session = httpx.post(f"{url}/batch/start", json={}, headers=bearer).json()["sessionId"]
            pushed = {"sessionId": session, "products": [row | {"price": "9.99"} for row in rows]}
            assert httpx.post(f"{url}/batch/push", json=pushed, headers=bearer).status_code == 200
            assert httpx.post(f"{url}/batch/complete", json={"sessionId": session}, headers=bearer).status_code == 200
            all_confirmed(running, WITHIN_S)
            assert httpx.post(f"{url}/productUpdate", json=[{"price": 1}], headers=bearer).status_code == 422

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    assert token not in text
    assert base64.b64encode(token.encode()).decode().rstrip("=")[:-2] not in text
    steps = [json.loads(line) for line in text.splitlines()]
    kinds = Counter(step["kind"] for step in steps)
    assert steps[0]["kind"] == "started"
    assert kinds["opened"] >= 1
    assert kinds["request"] == 5
    for step in steps:
        if step["kind"] == "up":
            unpack_up_payload(base64.b64decode(step["payload"]))
        elif step["kind"] == "down":
            unpack_down_payload(base64.b64decode(step["payload"]))
    assert json.loads(base64.b64decode(next(one for one in steps if one["kind"] == "request")["body"])) == rows

    told = world("replay", str(file))
    assert told.returncode == 0, told.stderr
    assert told.stdout.count("POS ") == 5
    assert "POS /productUpdate" in told.stdout
    assert "answered 422" in told.stdout
    assert "hello of " in told.stdout
    assert "manifest for " in told.stdout

    again = world("replay", str(file), "--again", "--tags", "5", "--json")
    assert again.returncode == 0, again.stdout + again.stderr
    found = json.loads(again.stdout)
    assert found["requests"] == 5
    assert found["answered_otherwise"] == []
    assert found["displays"] == 3, "two labels stay free"
    assert found["not_proved"] == []
    assert found["facts"]["proved"] >= 3

    file.write_text(text.replace('"status": 422', '"status": 200'))
    otherwise = world("replay", str(file), "--again", "--tags", "5")
    assert otherwise.returncode == 1
    assert "/productUpdate was answered 200, and is answered 422 now" in otherwise.stdout


def test_a_file_that_is_no_recording_and_one_that_cannot_be_written_are_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text('{"at": 1, "kind": "started", "format": 1}\nnonsense\n{"at": 2, "kind": "up"}\n')
    for words in (str(file), str(tmp_path / "none.jsonl")):
        ended = world("replay", words)
        assert ended.returncode == 1
        assert ended.stderr.count("\n") == 1
        assert ended.stderr.startswith("esl: ")
    assert "line 2" in world("replay", str(file)).stderr
    file.write_text('{"at": 1, "kind": "started", "format": 1}\n{"at": 2, "ki')
    assert world("replay", str(file)).returncode == 0, "whoever wrote the last line died"
    status, said_so = refused(tmp_path / "data", "--record", str(tmp_path))
    assert status == 1
    assert "--record" in said_so
