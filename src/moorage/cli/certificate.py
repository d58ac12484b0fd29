"""The certificate and its key, tried together before any worker is given them."""

import ssl
from pathlib import Path

from moorage.cli.refused import Refused


def check_certificate(certificate: Path, key: Path) -> None:
    """Load both as a server does; a file may hold anything between its PEM marks, and belong to another."""
    try:
        # With a password given, OpenSSL never asks for one at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise Refused(f"tls_cert {certificate} and tls_key {key} do not belong together") from None
        reason = (error.reason or "not told").replace("_", " ")
        raise Refused(f"tls_cert {certificate} and tls_key {key} cannot be used: OpenSSL says {reason}") from None
    except OSError as error:
        raise Refused(f"tls_cert {certificate} and tls_key {key} cannot be read: {error.strerror}") from None
