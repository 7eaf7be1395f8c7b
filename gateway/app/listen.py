"""Opens the port for HTTP before anything else starts, so that a port in use is said at once."""

import errno
import socket

from gateway.app.errors import AddressNotOurs, PortInUse
from gateway.app.limits import LISTEN_BACKLOG
from gateway.settings import Listen


def open_http_port(listen: Listen, last_port: int | None) -> socket.socket:
    """Port 0 takes the last run's port if it is free, else any. Raises PortInUse, AddressNotOurs."""
    if listen.port == 0 and last_port:
        try:
            return _open(listen.host, last_port)
        except PortInUse:
            pass
    return _open(listen.host, listen.port)


def url_of(opened: socket.socket) -> str:
    """Where this machine reaches it."""
    host, port = opened.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _open(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise AddressNotOurs(host, port, "--http", error.strerror or str(error)) from error
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # of a run that was killed a moment ago
        opened.bind(address)
        opened.listen(LISTEN_BACKLOG)
        opened.setblocking(False)
    except OSError as error:
        opened.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(host, port, "--http") from error
        raise AddressNotOurs(host, port, "--http", error.strerror or str(error)) from error
    return opened
