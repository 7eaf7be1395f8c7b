"""What the pipeline's work costs when nothing else is done: the least that any program of this kind would pay here.

In: the same rows and the very labels that the real run drew, a folder. Out: seconds of each stage, one after the other.
Stages: `rows` parsed and written twice in SQLite (staged; saved with their ledger line); `draw` by the bare fast path
on as many processes, and compressed; `carry` the same octets through the same broker in 32 kB payloads to a bare client
in its own process. Before the clock: the processes are there and have drawn yesterday's labels, as in the real run.
"""

import asyncio
import hashlib
import json
import sqlite3
import sys
import threading
import time
from asyncio.subprocess import PIPE
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path

import paho.mqtt.client as mqtt
from msgspec.structs import replace
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.bare_client import ANSWER, HEAD
from benchmarks.price_rows import PriceLists
from firmware_protocol import Codec, encode
from gateway.app.broker import EmbeddedBroker
from gateway.app.broker_config import GATEWAY_LOGIN, Listener, bridge_login
from gateway.app.workers import workers_of_this_machine
from gateway.labels import LabelRequest, render_many
from gateway.ports import SystemClock

ROWS_AT_ONCE = 1_000
LABELS_AT_ONCE = 125
PAYLOAD_OCTETS = 32_768
ANSWERED_WITHIN_S = 60.0
_PASSWORD = "floor"
_TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE staged (seq INTEGER PRIMARY KEY, line TEXT NOT NULL);
CREATE TABLE product (product_id INTEGER PRIMARY KEY, barcode TEXT NOT NULL UNIQUE, line TEXT NOT NULL);
CREATE TABLE ledger (line_id INTEGER PRIMARY KEY, barcode TEXT NOT NULL, price TEXT NOT NULL, seq INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class FloorRun:
    """`octets`: of the pictures that were carried."""

    stages: dict[str, float]
    octets: int

    @property
    def seconds(self) -> float:
        return sum(self.stages.values())


async def run_floor(lists: PriceLists, requests: Sequence[LabelRequest], folder: Path) -> FloorRun:
    bodies = [
        json.dumps({"products": lists.today[start : start + ROWS_AT_ONCE]}).encode()
        for start in range(0, len(lists.today), ROWS_AT_ONCE)
    ]
    rows_s = await asyncio.to_thread(_write_rows, bodies, folder / "floor.sqlite")
    draw_s, pictures = await asyncio.to_thread(_draw, requests)
    await asyncio.to_thread((folder / "broker").mkdir)
    carry_s = await _carry(pictures, folder / "broker")
    return FloorRun({"rows": rows_s, "draw": draw_s, "carry": carry_s}, sum(map(len, pictures)))


def _write_rows(bodies: Sequence[bytes], file: Path) -> float:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.executescript(_TABLES)
        began = time.perf_counter()
        seq = 0
        for body in bodies:
            rows = json.loads(body, parse_float=Decimal)["products"]
            staged = [
                (seq + place, json.dumps({**row, "price": str(Decimal(row["price"]))}))
                for place, row in enumerate(rows)
            ]
            seq += len(rows)
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO staged VALUES (?, ?)", staged)
            connection.execute("COMMIT")
        for start in range(0, seq, ROWS_AT_ONCE):
            _save(connection, start, start + ROWS_AT_ONCE)
        return time.perf_counter() - began


def _save(connection: sqlite3.Connection, start: int, end: int) -> None:
    slice_ = (start, end)
    connection.execute("BEGIN IMMEDIATE")
    lines = connection.execute("SELECT seq, line FROM staged WHERE seq >= ? AND seq < ?", slice_).fetchall()
    rows = [(seq, line, json.loads(line)) for seq, line in lines]
    connection.executemany(
        "INSERT INTO product (barcode, line) VALUES (?, ?) ON CONFLICT (barcode) DO UPDATE SET line = excluded.line",
        [(row["barcode"], line) for _, line, row in rows],
    )
    connection.executemany(
        "INSERT INTO ledger (barcode, price, seq) VALUES (?, ?, ?)",
        [(row["barcode"], row["price"], seq) for seq, _, row in rows],
    )
    connection.execute("DELETE FROM staged WHERE seq >= ? AND seq < ?", slice_)
    connection.execute("COMMIT")


def draw_and_compress(requests: list[LabelRequest]) -> list[bytes]:
    """What a worker process does."""
    return [encode(drawn.planes, Codec.DEFLATE).data for drawn in render_many(requests)]


def _draw(requests: Sequence[LabelRequest]) -> tuple[float, list[bytes]]:
    distinct = list(dict.fromkeys(requests))
    with ProcessPoolExecutor(workers_of_this_machine(), mp_context=get_context("spawn")) as pool:
        list(pool.map(draw_and_compress, _slices([_yesterdays(one) for one in distinct])))
        began = time.perf_counter()
        drawn = [one for part in pool.map(draw_and_compress, _slices(distinct)) for one in part]
        seconds = time.perf_counter() - began
    pictures = dict(zip(distinct, drawn, strict=True))
    return seconds, [pictures[one] for one in requests]


def _yesterdays(request: LabelRequest) -> LabelRequest:
    """The same name at another price."""
    plain = (
        type(one)(one.barcode, one.name, one.price + 1 if one.price is not None else None) for one in request.products
    )
    return replace(request, products=tuple(plain))


def _slices(requests: Sequence[LabelRequest]) -> Iterator[list[LabelRequest]]:
    return (list(requests[start : start + LABELS_AT_ONCE]) for start in range(0, len(requests), LABELS_AT_ONCE))


async def _carry(pictures: Sequence[bytes], folder: Path) -> float:
    broker = EmbeddedBroker(folder, Listener("127.0.0.1", 0), own_password=_PASSWORD, clock=SystemClock())
    await broker.start([bridge_login("floor/client", _PASSWORD)])
    try:
        address = broker.address
        client = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.bare_client", address.host, str(address.port)),
            *("floor/client", "esl/floor/bridge/client"),
            stdin=PIPE,
            stdout=PIPE,
        )
        try:
            if client.stdin is None or client.stdout is None:
                raise RuntimeError("pipes were asked for")
            client.stdin.write(f"{_PASSWORD}\n".encode())
            if await client.stdout.readline() != b"ready\n":
                raise RuntimeError("the bare client did not start")
            return await asyncio.to_thread(_send_all, pictures, address.host, address.port)
        finally:
            client.terminate()
            await client.wait()
    finally:
        await broker.stop()


def _send_all(pictures: Sequence[bytes], host: str, port: int) -> float:
    """Seconds from the first packed octet to the last answer."""
    subscribed, answered = threading.Event(), threading.Event()
    states: dict[int, bytes] = {}

    def arrived(_client: mqtt.Client, _: object, message: mqtt.MQTTMessage) -> None:
        states.update(ANSWER.iter_unpack(bytes(message.payload)))
        if len(states) == len(pictures):
            answered.set()

    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="floor-sender")
    client.username_pw_set(GATEWAY_LOGIN, _PASSWORD)
    client.on_connect = lambda one, *_: one.subscribe("esl/floor/bridge/client/up")
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = arrived
    client.connect(host, port)
    client.loop_start()
    try:
        if not subscribed.wait(ANSWERED_WITHIN_S):
            raise RuntimeError("the broker takes no subscription")
        began = time.perf_counter()
        for payload in _payloads(pictures):
            client.publish("esl/floor/bridge/client/down", payload)
        if not answered.wait(ANSWERED_WITHIN_S):
            raise RuntimeError(f"{len(states)} of {len(pictures)} displays answered")
        return time.perf_counter() - began
    finally:
        client.disconnect()
        client.loop_stop()


def _payloads(pictures: Sequence[bytes]) -> Iterator[bytes]:
    waiting: list[bytes] = []
    size = 0
    for display, picture in enumerate(pictures):
        record = HEAD.pack(display, len(picture), hashlib.sha256(picture).digest()[:16]) + picture
        if size + len(record) > PAYLOAD_OCTETS:
            yield b"".join(waiting)
            waiting, size = [], 0
        waiting.append(record)
        size += len(record)
    if waiting:
        yield b"".join(waiting)
