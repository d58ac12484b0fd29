"""Mass assignment: a change that comes with every field that IAM knows does what its own fields say (class B)."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from moorage.edge.awsquery.edge import HANDLERS
from moorage.edge.awsquery.shapes import IAM, IAM_VERSION
from moorage.edge.http.shapes import members
from support.env import HOME, FrozenClock, close_env, configure_account, make_env
from support.iamcalls import DOCUMENT, OTHERS, Scene, form_of
from unit.edge.awsquery.wire import Client, Refused, read

CHANGES = sorted(
    name
    for name in IAM
    if f"iam.{name}" in HANDLERS and not name.startswith(("Get", "List", "Simulate", "CreateAccessKey"))
)
_IDS = re.compile(r"\b(?:AIDA|AROA|AGPA|ANPA|AIPA|AKIA)[A-Z0-9]{16,}")


def every_field() -> Mapping[str, str]:
    """Fill in every field that any operation has: documents allow everything, names are the administrator's."""
    found: dict[str, str] = {}
    for shape in IAM.values():
        for member in members(shape.input):
            name = member.name
            if "Document" in name:
                found[name] = DOCUMENT
            elif name in {"PermissionsBoundary", "PolicyArn"}:
                found[name] = OTHERS
            elif name.startswith("New"):
                found[name] = "/stray/" if name.endswith("Path") else "stray"
            elif name in {"Tags", "TagKeys", "ClientIDList", "ThumbprintList"}:
                found |= form_of({name: [{"Key": "stray", "Value": "x"}] if name == "Tags" else ["stray"]})
            elif name in {"Path", "PathPrefix"}:
                found[name] = "/stray/"
            elif name == "SetAsDefault":
                found[name] = "true"
            else:
                found[name] = "admin"
    return found


EVERYTHING = every_field()


@contextmanager
def a_scene(folder: Path) -> Iterator[tuple[Client, Scene]]:
    folder.mkdir()
    env = make_env(folder, FrozenClock())
    root = Client(env, configure_account(env, HOME))
    root.call("CreateUser", UserName="admin")
    root.call("CreateRole", RoleName="admin", AssumeRolePolicyDocument=DOCUMENT_OF_TRUST)
    root.call("CreateUser", UserName="scene")
    key = root.call("CreateAccessKey", UserName="scene")["AccessKey"]["AccessKeyId"]
    scene = Scene(HOME, "scene", key)
    scene.build(root.call)
    yield root, scene
    close_env(env)


DOCUMENT_OF_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "sts:AssumeRole"},
    }
)


def done(folder: Path, operation: str, strays: Mapping[str, str]) -> tuple[str, str]:
    """Do a change, and tell what it answers and what the account is afterwards, but for the ids that are made."""
    with a_scene(folder) as (root, scene):
        form = {**strays, **form_of(scene.members(operation)), "Action": operation, "Version": IAM_VERSION}
        code = ""
        try:
            read(root.send(root.arrived("iam", form)), operation)
        except Refused as refused:
            code = refused.code
        return code, _IDS.sub("ID", json.dumps(scene.seen(root.call), default=str, sort_keys=True))


@pytest.mark.parametrize("operation", CHANGES)
def test_a_field_of_other_operations_changes_nothing(tmp_path: Path, operation: str) -> None:
    own = {member.name for member in members(IAM[operation].input)}
    strays = {name: value for name, value in EVERYTHING.items() if name.partition(".")[0] not in own}
    assert len(strays) > 20
    assert done(tmp_path / "a", operation, strays) == done(tmp_path / "b", operation, {})
