"""Talks to a running gateway: finds it, carries the admin token, turns its problems into one line.

In: --data or --server, as they were given. Out: JSON objects. Rule: an error names the command that mends it.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from gateway.cli.errors import CommandFailed
from gateway.ports.clock import SystemClock

if TYPE_CHECKING:
    import httpx

Document = dict[str, object]
QueryValue = str | int
# Saving a box list of 10,000 tags takes some seconds on a slow disk.
ANSWER_S = 60.0
# A gateway starts within a second or two.
LOOK_AGAIN_S = 0.5


def data_folder(data: Path | None) -> Path:
    """The folder that --data, ESL_DATA or the default name."""
    return data or Path(os.environ.get("ESL_DATA") or "esl-data")


def find_gateway(data: Path | None, server: str | None) -> tuple[str, str]:
    """URL and admin token. Raises CommandFailed: no gateway runs there, or its token is missing."""
    if server is not None:
        token = os.environ.get("ESL_TOKEN", "")
        if not token:
            raise CommandFailed("--server needs ESL_TOKEN: the admin token, which stands in admin.token there")
        if not token.isascii() or not token.isprintable():
            raise CommandFailed("ESL_TOKEN is no admin token: it has letters that none has; copy admin.token whole")
        return server.rstrip("/"), token
    folder = data_folder(data)
    try:
        url = str(json.loads((folder / "endpoint.json").read_text())["http"])
        return url, (folder / "admin.token").read_text().strip()
    except FileNotFoundError:
        raise CommandFailed(f"no gateway runs on {folder}: {_start(folder)}") from None
    except (OSError, ValueError, KeyError) as error:
        raise CommandFailed(f"{folder} tells of no gateway ({error}): {_start(folder)}") from None


class Gateway:
    """The gateway as a command sees it. Use it in a `with`."""

    def __init__(self, data: Path | None, server: str | None, *, patience_s: float = 0.0) -> None:
        """`patience_s`: how long a repeatable request waits for a gateway that is being started again."""
        import httpx

        self.patience_s = patience_s
        self._folder = None if server is not None else data_folder(data)
        self.url, self.admin_token = find_gateway(data, server)
        self._client = httpx.Client(timeout=ANSWER_S)

    def __enter__(self) -> "Gateway":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._client.close()

    def get(self, path: str, **query: QueryValue | None) -> Document:
        return self._json("GET", path, query=query)

    def post(self, path: str, body: object = None) -> Document:
        return self._json("POST", path, body=body if body is not None else {})

    def put(self, path: str, body: object) -> Document:
        return self._json("PUT", path, body=body)

    def patch(self, path: str, body: object) -> Document:
        return self._json("PATCH", path, body=body)

    def delete(self, path: str) -> Document:
        return self._json("DELETE", path)

    def octets(self, path: str, **query: QueryValue | None) -> bytes:
        return self._answer("GET", path, query, None, self.admin_token).content

    def pos(self, path: str, token: str, body: object, *, key: str) -> Document:
        """A POST of the POS API with a store's token; a 422 that lists rows is an answer like any other.

        `key` makes a repeat harmless, so this one waits for a gateway that starts again.
        """
        return _object(self._answer("POST", path, {}, body, token, key=key))

    def _json(
        self, method: str, path: str, *, query: Mapping[str, QueryValue | None] | None = None, body: object = None
    ) -> Document:
        return _object(self._answer(method, path, query or {}, body, self.admin_token))

    def _answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, QueryValue | None],
        body: object,
        token: str,
        key: str | None = None,
    ) -> "httpx.Response":
        import httpx

        given = {name: value for name, value in query.items() if value is not None}
        headers = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key else {})}
        tries_left = int(self.patience_s / LOOK_AGAIN_S) if key or method == "GET" else 0
        while True:
            try:
                answer = self._client.request(
                    method, self.url + path, params=given, json=body if method != "GET" else None, headers=headers
                )
            except httpx.TransportError as error:
                if not tries_left:
                    raise self._nobody(error) from None
                tries_left -= 1
                pause(LOOK_AGAIN_S)
                self._look_again()
                continue
            if answer.is_success or (answer.status_code == 422 and key):
                return answer
            if answer.status_code == HTTPStatus.UNAUTHORIZED and token is self.admin_token:
                where = "ESL_TOKEN" if self._folder is None else f"what {self._folder / 'admin.token'} holds"
                raise CommandFailed(
                    f"{where} is not the admin token of {self.url}: copy admin.token from its data folder"
                )
            raise CommandFailed(_words_of(answer))

    def _look_again(self) -> None:
        """A gateway that was started again may listen elsewhere."""
        if self._folder is not None:
            with contextlib.suppress(CommandFailed):
                self.url, self.admin_token = find_gateway(self._folder, None)

    def _nobody(self, error: Exception) -> CommandFailed:
        if self._folder is None:
            return CommandFailed(f"no gateway answers at {self.url} ({error}): start it there, or mend --server")
        return CommandFailed(f"no gateway runs on {self._folder} any more ({error}): {_start(self._folder)}")


def pause(seconds: float) -> None:
    """Commands are not replayed, so they wait on the machine's own clock."""
    asyncio.run(SystemClock().sleep(seconds))


def _start(folder: Path) -> str:
    return f"start one with `esl serve --data {folder}`"


def _object(answer: "httpx.Response") -> Document:
    found = answer.json()
    if not isinstance(found, dict):
        raise CommandFailed(f"{answer.url} answers with something else than a gateway would: mend --server")
    return found


def _words_of(answer: "httpx.Response") -> str:
    try:
        problem = _object(answer)
    except ValueError:
        return f"{answer.url} answers {answer.status_code}, and not as a gateway would: mend --server"
    words = str(problem.get("message") or problem.get("title") or answer.status_code)
    if problem.get("code") == "session_unknown":  # a POS is told the same, and has no commands
        words += "; `esl batch list --store S` shows those of the last 30 days"
    errors = problem.get("errors")
    if isinstance(errors, list) and problem.get("code") == "wrong_shape":
        words += ": " + "; ".join(f"{one.get('field')}: {one.get('message')}" for one in errors)
    return words
