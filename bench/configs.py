"""The settings of each peer: files on the disk, nothing logged, authentication and TLS as asked for."""

import json
from pathlib import Path
from typing import Protocol


class Pair(Protocol):
    """A certificate with its key."""

    @property
    def certificate(self) -> Path: ...

    @property
    def key(self) -> Path: ...


class Place(Protocol):
    """What a peer is given."""

    @property
    def folder(self) -> Path: ...

    @property
    def port(self) -> int: ...

    @property
    def htpasswd(self) -> Path | None: ...

    @property
    def pair(self) -> Pair | None: ...


_NGINX = """\
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{port}{ssl}; root {folder}/www;
    location ~ /manifests/ {{ types {{ }} default_type application/vnd.oci.image.manifest.v1+json; }}
    location / {{ types {{ }} default_type application/octet-stream; }}
  }}
}}
"""


def nginx(program: str, place: Place) -> tuple[str, ...]:
    (place.folder / "www").mkdir()
    pair = place.pair
    ssl = "" if pair is None else f" ssl; ssl_certificate {pair.certificate}; ssl_certificate_key {pair.key}"
    path = place.folder / "nginx.conf"
    path.write_text(_NGINX.format(folder=place.folder, port=place.port, ssl=ssl), encoding="utf-8")
    return program, "-c", str(path)


def distribution(program: str, place: Place) -> tuple[str, ...]:
    """Write the settings that versions 2 and 3 both read; JSON is YAML."""
    http: dict[str, object] = {"addr": f"127.0.0.1:{place.port}", "secret": "not-a-secret"}
    if place.pair is not None:
        http["tls"] = {"certificate": str(place.pair.certificate), "key": str(place.pair.key)}
    settings: dict[str, object] = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(place.folder / "data")},
            "cache": {"blobdescriptor": "inmemory"},
            "delete": {"enabled": True},
        },
        "http": http,
    }
    if place.htpasswd is not None:
        settings["auth"] = {"htpasswd": {"realm": "bench", "path": str(place.htpasswd)}}
    return program, "serve", _write(place.folder / "config.yml", settings)


def zot(program: str, place: Place) -> tuple[str, ...]:
    http: dict[str, object] = {"address": "127.0.0.1", "port": str(place.port), "compat": ["docker2s2"]}
    if place.htpasswd is not None:
        http["auth"] = {"htpasswd": {"path": str(place.htpasswd)}, "failDelay": 1}
    settings: dict[str, object] = {
        "storage": {"rootDirectory": str(place.folder / "data"), "gc": False},
        "http": http,
        "log": {"level": "error"},
    }
    return program, "serve", _write(place.folder / "config.json", settings)


def _write(path: Path, settings: dict[str, object]) -> str:
    path.write_text(json.dumps(settings, indent=1), encoding="utf-8")
    return str(path)
