"""The broker on the network: TLS with the operator's own certificate, which the gateway itself holds it to."""

import asyncio
import datetime
from pathlib import Path
from random import Random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.app.broker import EmbeddedBroker
from gateway.app.broker_config import Listener
from gateway.links import BrokerAddress, BrokerAway, probe_broker
from gateway.ports import SystemClock


def self_signed(folder: Path, name: str) -> tuple[Path, Path]:
    """Certificate and key files of a self-signed certificate that lives for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = SystemClock().now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


def test_the_gateway_enters_over_tls_and_only_where_the_certificate_is_its_own(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "shop.example")
    foreign, _ = self_signed(tmp_path, "other.example")

    async def story() -> None:
        listener = Listener("127.0.0.1", 0, certificate, key)
        broker = EmbeddedBroker(tmp_path / "broker", listener, own_password="own", clock=SystemClock())
        async with asyncio.timeout(30):
            await broker.start([])
            try:
                own = broker.address
                assert own.url == f"mqtts://127.0.0.1:{own.port}"
                await probe_broker(own, Random(1))
                for wrong in (
                    BrokerAddress("127.0.0.1", own.port, True, own.username, own.password, foreign),
                    BrokerAddress("127.0.0.1", own.port, False, own.username, own.password),
                ):
                    with pytest.raises(BrokerAway):
                        await probe_broker(wrong, Random(2))
            finally:
                await broker.stop()

    asyncio.run(story())
