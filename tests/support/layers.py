"""Layers and images sent through the API, part by part, as programs without docker do it."""

import hashlib
import json
from collections.abc import Mapping

from botocore.client import BaseClient

from support.images import MEBIBYTE, OCI

SMALLEST_PART = 5 * MEBIBYTE


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def send_parts(ecr: BaseClient, repository: str, data: bytes, *, size: int = SMALLEST_PART) -> str:
    """Start an upload and send everything; return the upload's id."""
    upload: str = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    for first in range(0, len(data), size):
        part = data[first : first + size]
        ecr.upload_layer_part(
            repositoryName=repository,
            uploadId=upload,
            partFirstByte=first,
            partLastByte=first + len(part) - 1,
            layerPartBlob=part,
        )
    return upload


def put_layer(ecr: BaseClient, repository: str, data: bytes) -> str:
    """Upload a layer; return its digest."""
    upload = send_parts(ecr, repository, data)
    digest = digest_of(data)
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[digest])
    return digest


def manifest_of(config: bytes, layers: tuple[bytes, ...]) -> str:
    """Write the manifest that holds a config and layers together."""
    document: Mapping[str, object] = {
        "schemaVersion": 2,
        "mediaType": OCI.manifest,
        "config": _descriptor(OCI.config, config),
        "layers": [_descriptor(OCI.layer, layer) for layer in layers],
    }
    return json.dumps(document)


def put_image(ecr: BaseClient, repository: str, tag: str, *, layer: bytes | None = None) -> str:
    """Put a whole small image, unlike any with another tag unless the layer is given; return its digest."""
    data = f"the layer of {tag}".encode() if layer is None else layer
    config = b"{}"
    for blob in (config, data):
        found = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest_of(blob)])
        if found["layers"][0]["layerAvailability"] != "AVAILABLE":
            put_layer(ecr, repository, blob)
    answer = ecr.put_image(repositoryName=repository, imageManifest=manifest_of(config, (data,)), imageTag=tag)
    digest: str = answer["image"]["imageId"]["imageDigest"]
    return digest


def _descriptor(media_type: str, data: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}
