"""A place to listen at: `HOST:PORT`."""

import ipaddress
import re

from msgspec import Struct

_FORM = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]]*)):(?P<port>\d{1,5})")


class Listen(Struct, frozen=True):
    """`port` 0 = any free one, the one of the last run first."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Listen":
        """Read `HOST:PORT`, `[IPv6]:PORT` or `:PORT` (this machine only). Raises ValueError with the form wanted."""
        match = _FORM.fullmatch(text.strip())
        port = int(match["port"]) if match else -1
        if match is None or port > 65_535:
            raise ValueError(f"{text!r} is not HOST:PORT, for instance 127.0.0.1:8080")
        return cls(match["six"] or match["host"] or "127.0.0.1", port)

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
