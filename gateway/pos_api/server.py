"""How the HTTP server must be set so that the contract's rules about connections hold."""

from typing import Final, TypedDict

from gateway.pos_api.limits import GRACEFUL_SHUTDOWN_S, KEEP_ALIVE_S


class UvicornSettings(TypedDict):
    timeout_keep_alive: int
    timeout_graceful_shutdown: int
    access_log: bool
    server_header: bool
    h11_max_incomplete_event_size: int


UVICORN_SETTINGS: Final[UvicornSettings] = {
    "timeout_keep_alive": KEEP_ALIVE_S,  # uvicorn's own 5 s would meet every poll with a closed connection
    "timeout_graceful_shutdown": GRACEFUL_SHUTDOWN_S,
    "access_log": False,  # the edge writes one line a request, with its id
    "server_header": False,
    "h11_max_incomplete_event_size": 64 * 1024,  # headers; as httptools takes them
}
"""For `uvicorn.Config(app, **UVICORN_SETTINGS, ...)`."""
