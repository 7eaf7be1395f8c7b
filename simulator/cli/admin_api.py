"""What the simulator asks of a running gateway: to know its bridges and its box list.

In: a data folder or a server's address. Out: how each bridge enters. Rule: an error is one line that names the command
that mends it. `endpoint.json` is read anew whenever it matters: a gateway may come back on other ports.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import httpx
from msgspec import Struct

from simulator.fleet import BoxRow, box_list_requests
from simulator.mqtt_carrier import BrokerEnd

ANSWER_S = 60.0  # saving the box list of 5,000 tags takes seconds on a slow disk


class GatewayRefuses(RuntimeError):
    """The gateway is not there, or says no. `str()` is one line for the operator."""


class GatewayPlace(Struct, frozen=True):
    """`data` None: only the server's address is known, and its broker's stays as the gateway told it. `certificate`: of
    a broker that speaks TLS.
    """

    url: str
    token: str
    data: Path | None
    certificate: Path | None = None

    @classmethod
    def find(cls, data: Path | None, server: str | None, certificate: Path | None = None) -> "GatewayPlace":
        """By --data or --server, else ESL_DATA, else ./esl-data. Raises `GatewayRefuses`."""
        if server is not None:
            token = os.environ.get("ESL_TOKEN", "")
            if not token:
                raise GatewayRefuses("--server needs ESL_TOKEN: the admin token, which stands in admin.token there")
            return cls(server.rstrip("/"), token, data, certificate)
        folder = data or Path(os.environ.get("ESL_DATA") or "esl-data")
        start = f"start one with `esl serve --data {folder}`"
        try:
            token = (folder / "admin.token").read_text().strip()
            return cls(_endpoint(folder)["http"], token, folder, certificate)
        except FileNotFoundError:
            raise GatewayRefuses(f"no gateway runs on {folder}: {start}") from None
        except (OSError, ValueError, KeyError) as error:
            raise GatewayRefuses(f"{folder} tells of no gateway ({error}): {start}") from None

    def broker(self, known: BrokerEnd) -> BrokerEnd:
        """Where the broker is now; what was known before when the folder does not say."""
        if self.data is None:
            return known
        try:
            return BrokerEnd.of(_endpoint(self.data)["mqtt"], known.username, known.password, self.certificate)
        except (OSError, ValueError, KeyError):
            return known


class AdminApi:
    """Use it in an `async with`."""

    def __init__(self, place: GatewayPlace) -> None:
        self._place = place
        self._client = httpx.AsyncClient(
            base_url=place.url, timeout=ANSWER_S, headers={"Authorization": f"Bearer {place.token}"}
        )

    async def __aenter__(self) -> "AdminApi":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._client.aclose()

    async def register_box_list(self, store: str, boxes: Sequence[BoxRow]) -> None:
        """Tags that are known already change nothing. Raises `GatewayRefuses`."""
        for body in box_list_requests(boxes):
            await self._post(f"/admin/stores/{store}/box-list", body)

    async def register_mqtt_bridge(self, store: str, name: str) -> BrokerEnd:
        """How the bridge enters the broker. Raises `GatewayRefuses`."""
        answer = await self._post(f"/admin/stores/{store}/bridges", {"name": name, "carrier": "mqtt"})
        try:
            mqtt = answer["mqtt"]
            return BrokerEnd.of(mqtt["url"], mqtt["username"], mqtt["password"], self._place.certificate)
        except (KeyError, TypeError, ValueError) as error:
            raise GatewayRefuses(f"the gateway does not say how {name} enters its broker: {error}") from None

    async def register_serial_bridge(self, store: str, name: str, path: Path) -> None:
        """`path`: absolute, because the gateway has another working folder. Raises `GatewayRefuses`."""
        body: dict[str, object] = {"name": name, "carrier": "serial", "path": str(path)}
        await self._post(f"/admin/stores/{store}/bridges", body)

    async def _post(self, path: str, body: dict[str, object]) -> dict[str, dict[str, str]]:
        try:
            answer = await self._client.post(path, json=body)
        except httpx.TransportError as error:
            raise GatewayRefuses(
                f"no gateway answers at {self._place.url} ({error}): start one with `esl serve`"
            ) from None
        if not answer.is_success:
            raise GatewayRefuses(words_of(answer))
        document: dict[str, dict[str, str]] = answer.json()
        return document


def _endpoint(folder: Path) -> dict[str, str]:
    endpoint: dict[str, str] = json.loads((folder / "endpoint.json").read_text())
    return endpoint


def words_of(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        return str(problem.get("message") or problem.get("title") or answer.status_code)
    except (ValueError, AttributeError):
        return f"{answer.url} answers {answer.status_code}, and not as a gateway would: mend --server"
