"""Hashes by which bytes and authorities are known again."""

from __future__ import annotations

import base64
import hashlib
import re


def sha256(text: str) -> str:
    """Hex sha256 of the text's UTF-8 bytes: what `sha256sum` prints."""
    return hashlib.sha256(text.encode()).hexdigest()


def fingerprint(pem: str) -> str:
    """Upper-case hex sha256 of the first certificate of a PEM text, as `openssl x509 -fingerprint -sha256`; "" for none."""
    found = re.search(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", pem, re.S)
    try:
        return hashlib.sha256(base64.b64decode(found[1])).hexdigest().upper() if found else ""
    except ValueError:
        return ""
