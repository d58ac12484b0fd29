"""What a client's Accept header says about manifests."""

import pytest

from moorage.domain.media import MediaType
from moorage.edge.http.accept import read_accept

OCI, DOCKER = MediaType.OCI_MANIFEST.value, MediaType.DOCKER_MANIFEST.value


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ([], [OCI, DOCKER]),
        ([""], [OCI, DOCKER]),
        ([",, ;q=1"], [OCI, DOCKER]),
        (["*/*"], [OCI, DOCKER]),
        (["application/*;q=0.1"], [OCI, DOCKER]),
        ([f"{DOCKER}, */*;q=0.5"], [OCI, DOCKER]),
        ([OCI], [OCI]),
        ([OCI.upper()], [OCI]),
        ([f"{OCI}; charset=utf-8"], [OCI]),
        ([f"{OCI},{DOCKER}"], [OCI, DOCKER]),
        ([OCI, DOCKER], [OCI, DOCKER]),
        ([f"*/*, {OCI};q=0"], [DOCKER]),
        ([f"{OCI};q=0"], [DOCKER]),
        ([f"{OCI}; Q = 0.000, {DOCKER};q=0.001"], [DOCKER]),
        (["text/html"], []),
        (["image/*"], []),
    ],
    ids=str,
)
def test_a_header_takes_what_it_names(header: list[str], taken: list[str]) -> None:
    accepts = read_accept(header)
    assert [media_type for media_type in (OCI, DOCKER) if accepts.takes(media_type)] == taken
