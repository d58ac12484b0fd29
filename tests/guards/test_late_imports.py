"""Hot routes import nothing: what they need was loaded before the first request."""

import os
import re
from pathlib import Path
from typing import Final

from faults.conftest import REPOSITORY
from protocol.registry import Registry
from support.layers import digest_of
from support.server import MOORAGE, RunningServer
from support.wire import Wire

_IMPORTED: Final = re.compile(r"^import time: +\d+ \| +\d+ \| +(\S+)$", re.MULTILINE)
_READY: Final = "moorage is ready"


def _use(server: RunningServer, tag: str) -> None:
    """Push, pull, look and list by every hot route."""
    small, large = os.urandom(2_000), os.urandom(100_000)
    with Wire(server.host) as wire:
        registry = Registry(wire, server.password())
        for layer in (small, large):
            registry.push(REPOSITORY, tag, layer)
            registry.ask("GET", f"{REPOSITORY}/blobs/{digest_of(layer)}")
            registry.ask("HEAD", f"{REPOSITORY}/blobs/{digest_of(layer)}")
        for method in ("GET", "HEAD"):
            registry.ask(method, f"{REPOSITORY}/manifests/{tag}")
        registry.ask("GET", f"{REPOSITORY}/tags/list?n=10")
    ecr = server.boto3("ecr")
    ecr.get_authorization_token()
    ecr.describe_images(repositoryName=REPOSITORY)
    ecr.batch_get_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])


def test_no_hot_route_imports_a_module(tmp_path: Path) -> None:
    traced = ("env", "PYTHONPROFILEIMPORTTIME=1", MOORAGE, "serve")
    with RunningServer(tmp_path / "data", settings={"MOORAGE_WORKERS": "1"}, command=traced) as server:
        server.boto3("ecr").create_repository(repositoryName=REPOSITORY)
        _use(server, "v1")
        before, _, after = server.log().partition(_READY)
        assert "moorage.app" in _IMPORTED.findall(before)
        assert _IMPORTED.findall(after) == []
