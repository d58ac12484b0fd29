"""A certificate authority of a test's own, made as an administrator makes one: with openssl."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from support.clients import run

REGISTRY: Final = "123456789012.dkr.ecr.us-east-1.localhost"
API: Final = "api.ecr.us-east-1.localhost"
CLUSTER: Final = "kubernetes.default.svc"
_NAMES: Final = f"DNS:{REGISTRY},DNS:{API},DNS:{CLUSTER},DNS:localhost,IP:127.0.0.1"


@dataclass(frozen=True, slots=True)
class Certificates:
    """An authority, and the key and the chain of a server that it vouches for."""

    authority: Path
    chain: Path
    key: Path

    @classmethod
    def make(cls, folder: Path, environment: Mapping[str, str]) -> Self:
        made = cls(folder / "ca.crt", folder / "server.pem", folder / "server.key")
        openssl = shutil.which("openssl") or "openssl"
        days = ("-days", "2")
        new_key = ("-newkey", "rsa:2048", "-nodes", "-keyout")

        def call(*args: str | Path) -> None:
            run((openssl, *args), env=environment)

        (folder / "extensions").write_text(f"subjectAltName={_NAMES}\nextendedKeyUsage=serverAuth\n", encoding="utf-8")
        call("req", "-x509", *new_key, folder / "ca.key", *days, "-subj", "/CN=Test CA", "-out", made.authority)
        call("req", *new_key, made.key, "-subj", "/CN=localhost", "-out", folder / "server.csr")
        signer = ("-CA", made.authority, "-CAkey", folder / "ca.key", "-CAcreateserial")
        extensions = ("-extfile", folder / "extensions")
        call("x509", "-req", "-in", folder / "server.csr", *signer, *days, *extensions, "-out", folder / "server.crt")
        made.chain.write_bytes((folder / "server.crt").read_bytes() + made.authority.read_bytes())
        return made
