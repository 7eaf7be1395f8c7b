"""Where a broker listens and how to enter it: read from a URL, written as one.

Rule: a password never appears in `str()`, a log line or an error.
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

PORT_PLAIN, PORT_TLS = 1883, 8883  # IANA: mqtt, secure-mqtt


class BrokerUrlWrong(ValueError):
    """Not the address of an MQTT broker. `str()` says which form is wanted."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """`certificate`: a file; the broker must then show exactly this certificate, or one signed by it."""

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    certificate: Path | None = None

    @classmethod
    def parse(cls, url: str) -> "BrokerAddress":
        """Read mqtt://[user:password@]host[:port], or mqtts:// for TLS. Raises BrokerUrlWrong."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise BrokerUrlWrong(f"{_without_password(url)} is no broker address: {error}") from error
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise BrokerUrlWrong(
                f"{_without_password(url)} is no broker address: write mqtt://host:1883 or mqtts://user:password@host:8883"
            )
        tls = parts.scheme == "mqtts"
        return cls(
            host=parts.hostname,
            port=port or (PORT_TLS if tls else PORT_PLAIN),
            tls=tls,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )

    @property
    def url(self) -> str:
        """Without name and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"

    def __str__(self) -> str:
        return self.url

    def tls_context(self) -> ssl.SSLContext | None:
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=str(self.certificate) if self.certificate else None)
        if self.certificate:  # our own broker's: the file itself is the anchor, whatever name stands in it
            context.check_hostname = False
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return context


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"{head.partition('://')[0]}://...@{tail}" if at else url
