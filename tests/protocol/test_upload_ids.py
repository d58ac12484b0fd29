"""Ids of uploads: one that was given in one spelling is good for nothing in any other."""

from collections.abc import Callable, Mapping
from urllib.parse import quote

import pytest

from protocol.api import Api
from protocol.api import code_of as api_code_of
from protocol.registry import Registry, code_of
from support.layers import digest_of
from support.server import RunningServer

PART = b"a part"
# What reads hexadecimal digits may pass over blanks and dashes, and over the case of letters.
SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "capitals": str.upper,
    "one capital": lambda upload: next(
        upload[:at] + one.upper() + upload[at + 1 :] for at, one in enumerate(upload) if one.isalpha()
    ),
    "no dashes": lambda upload: upload.replace("-", ""),
    "dashes at the end": lambda upload: upload.replace("-", "") + "----",
    "dashes at the beginning": lambda upload: "----" + upload.replace("-", ""),
    "dashes between all digits": lambda upload: "-".join(upload.replace("-", "")),
    "one dash elsewhere": lambda upload: f"{upload[:6]}-{upload[6:8]}{upload[9:]}",
    "in braces": lambda upload: f"{{{upload}}}",
    "as a name": lambda upload: f"urn:uuid:{upload}",
    "wide digits": lambda upload: "".join(chr(ord(one) + 0xFEE0) if one.isdigit() else one for one in upload),
}
BLANKS = {"space": " ", "tab": "\t", "LF": "\n", "CR": "\r", "VT": "\v", "FF": "\f", "NUL": "\0", "no-break": "\xa0"}


def put(letter: str, count: int = -1) -> Callable[[str], str]:
    return lambda upload: upload.replace("-", letter, count)


def add(before: str = "", behind: str = "") -> Callable[[str], str]:
    return lambda upload: f"{before}{upload}{behind}"


MADE: Mapping[str, Callable[[str], str]] = {
    **SPELLINGS,
    **{f"{name} for dashes": put(one) for name, one in BLANKS.items()},
    **{f"{name} for one dash": put(one, 1) for name, one in BLANKS.items()},
    **{f"{name} behind": add(behind=one) for name, one in BLANKS.items()},
    **{f"{name} before": add(one) for name, one in BLANKS.items()},
    "CR and LF for dashes": lambda upload: upload.replace("-", "", 1).replace("-", "\r\n", 1),
}


def begin(registry: Registry, repository: str) -> str:
    """Open an upload whose id has a letter and a digit; give its id."""
    while True:
        upload = registry.start(repository).rpartition("/")[2]
        if upload.lower() != upload.upper():
            return upload


@pytest.mark.parametrize("spelling", MADE)
def test_an_upload_is_not_found_in_another_spelling(
    server: RunningServer, in_profile: Registry, repository: str, spelling: str
) -> None:
    before = server.worker_pids()
    upload = begin(in_profile, repository)
    path = f"{repository}/blobs/uploads/{quote(MADE[spelling](upload), safe='')}"
    for method, query, body in (
        ("GET", "", b""),
        ("PATCH", "", PART),
        ("PUT", f"?digest={digest_of(PART)}", PART),
        ("PUT", f"?digest={digest_of(b'')}", b""),
        ("DELETE", "", b""),
    ):
        answer = in_profile.ask(method, path + query, body=body)
        assert (answer.status, code_of(answer)) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert in_profile.ask("PATCH", f"{repository}/blobs/uploads/{upload}", body=PART).header("range") == "0-5"
    assert server.worker_pids() == before


@pytest.mark.parametrize("end", ["DELETE", "PUT"])
def test_an_upload_that_is_over_does_not_open_again_in_another_spelling(
    in_profile: Registry, repository: str, end: str
) -> None:
    upload = begin(in_profile, repository)
    path = f"{repository}/blobs/uploads/"
    assert in_profile.ask(end, f"{path}{upload}?digest={digest_of(b'')}").status in {201, 204}
    for spell in MADE.values():
        assert in_profile.ask("PATCH", path + quote(spell(upload), safe=""), body=PART).status == 404


@pytest.mark.parametrize("spelling", MADE)
def test_the_api_knows_no_other_spelling_either(
    server: RunningServer, registry: Registry, api: Api, repository: str, spelling: str
) -> None:
    before = server.worker_pids()
    upload: dict[str, object] = {"repositoryName": repository, "uploadId": MADE[spelling](begin(registry, repository))}
    part: dict[str, object] = {"partFirstByte": 0, "partLastByte": 2, "layerPartBlob": "YWJj"}
    finish: dict[str, object] = {"layerDigests": [digest_of(b"abc")]}
    for operation, members in (("UploadLayerPart", part), ("CompleteLayerUpload", finish)):
        answer = api.call(operation, upload | members)
        assert answer.status == 400
        assert api_code_of(answer) in {
            "UploadNotFoundException",
            "InvalidParameterException",
            "SerializationException",  # characters that nobody can store
        }
    assert server.worker_pids() == before
