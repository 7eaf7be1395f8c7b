"""How factory codes are kept: encrypted under the site secret, so that a copied database opens no tag.

AES-SIV (RFC 5297) needs no nonce, so nothing random is drawn and equal rows stay equal.
Source: wire.md §3.1, "Factory codes are stored encrypted under `site.key`".
"""

from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SITE_SECRET_OCTETS = 32


class FactoryCodeVault:
    """Seals and opens the factory codes of one site."""

    def __init__(self, site_secret: bytes) -> None:
        """`site_secret`: the 32 octets of `site.key`. ValueError when it has another length."""
        if len(site_secret) != SITE_SECRET_OCTETS:
            raise ValueError(f"a site secret has {SITE_SECRET_OCTETS} octets, not {len(site_secret)}")
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"esl box list").derive(site_secret)
        self._cipher = AESSIV(key)

    def seal(self, tag_id: str, factory_code: bytes) -> bytes:
        return self._cipher.encrypt(factory_code, [tag_id.encode()])

    def open(self, tag_id: str, sealed: bytes) -> bytes:
        """The 16 octets. Raises `cryptography.exceptions.InvalidTag` under another site's secret."""
        return self._cipher.decrypt(sealed, [tag_id.encode()])
