"""Each block of docs/kubernetes.md has the form that Kubernetes and containerd document, and names what is there."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click
import pytest

from moorage.cli.main import moorage
from moorage.config import KEYS
from moorage.domain.addresses import read_host
from moorage.edge.awsquery.edge import HANDLERS
from moorage.policy.managed import MANAGED
from support.kubernetes import PAGE, Document, blocks, documents, files, matches, seconds_of

CERTS: Final = Path("/etc/containerd/certs.d")
ENVIRONMENT: Final = [{"name!": str, "value!": str}]
NAMED: Final = {"name!": str, "namespace": str, "annotations": {"*": str}}
SUBJECT: Final = {"kind!": str, "name!": str, "apiGroup": str, "namespace": str}
RULE: Final = {"apiGroups!": [str], "resources!": [str], "verbs!": [str], "resourceNames": [str]}
GATES: Final = {"*": bool}
TOKENS: Final = {
    "serviceAccountTokenAudience!": str,
    "cacheType!": str,
    "requireServiceAccount!": bool,
    "requiredServiceAccountAnnotationKeys": [str],
    "optionalServiceAccountAnnotationKeys": [str],
}
PROVIDER: Final = {
    "name!": str,
    "apiVersion!": str,
    "matchImages!": [str],
    "defaultCacheDuration!": str,
    "args": [str],
    "env": ENVIRONMENT,
    "tokenAttributes": TOKENS,
}
CONTAINER: Final = {
    "name!": str,
    "image": str,  # what changes a container names it alone
    "command": [str],
    "args": [str],
    "env": ENVIRONMENT,
    "envFrom": [{"secretRef": {"name!": str}}],
    "volumeMounts": [{"name!": str, "mountPath!": str, "readOnly": bool}],
    "securityContext": {
        "runAsNonRoot": bool,
        "runAsUser": int,
        "allowPrivilegeEscalation": bool,
        "readOnlyRootFilesystem": bool,
        "capabilities": {"drop": [str], "add": [str]},
    },
}
PROJECTED: Final = [{"serviceAccountToken": {"audience": str, "expirationSeconds": int, "path!": str}}]
VOLUME: Final = {
    "name!": str,
    "configMap": {"name!": str},
    "emptyDir": {"medium": str},
    "projected": {"sources!": PROJECTED},
}
POD: Final = {"serviceAccountName": str, "restartPolicy": str, "containers!": [CONTAINER], "volumes": [VOLUME]}
JOB: Final = {"backoffLimit": int, "activeDeadlineSeconds": int, "template!": {"spec!": POD}}
SHAPES: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("kubelet.config.k8s.io/v1", "CredentialProviderConfig"): {"providers!": [PROVIDER]},
    ("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration"): {"featureGates": GATES},
    ("v1", "ServiceAccount"): {"metadata!": NAMED},
    ("rbac.authorization.k8s.io/v1", "Role"): {"metadata!": NAMED, "rules!": [RULE]},
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): {"metadata!": NAMED, "rules!": [RULE]},
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): {
        "metadata!": NAMED,
        "roleRef!": {"apiGroup!": str, "kind!": str, "name!": str},
        "subjects!": [SUBJECT],
    },
    ("batch/v1", "CronJob"): {
        "metadata!": NAMED,
        "spec!": {"schedule!": str, "concurrencyPolicy": str, "jobTemplate!": {"spec!": JOB}},
    },
}
SHAPES["rbac.authorization.k8s.io/v1", "ClusterRoleBinding"] = SHAPES["rbac.authorization.k8s.io/v1", "RoleBinding"]
DOCUMENTS: Final = documents()
PROVIDERS: Final = [provider for each in documents("CredentialProviderConfig") for provider in each["providers"]]
HOSTS: Final = [(path, text) for path, text in files() if path.name == "hosts.toml"]


def wrong(value: object, shape: object, where: str) -> Iterator[str]:
    """Tell what in a value is not of a shape; ``!`` marks the members that have to be there."""
    if isinstance(shape, type):
        if type(value) is not shape:
            yield f"{where} is no {shape.__name__}"
    elif isinstance(shape, list):
        if not isinstance(value, list) or not value:
            yield f"{where} is no list"
            return
        for number, item in enumerate(value):
            yield from wrong(item, shape[0], f"{where}[{number}]")
    elif isinstance(shape, dict):
        if not isinstance(value, dict):
            yield f"{where} is no mapping"
            return
        yield from (
            f"{where}.{name[:-1]} is missing" for name in shape if name.endswith("!") and name[:-1] not in value
        )
        known = {name.rstrip("!"): inner for name, inner in shape.items()}
        for name, item in value.items():
            inner = known.get(name, known.get("*"))
            yield from [f"{where}.{name} is not known"] if inner is None else wrong(item, inner, f"{where}.{name}")


def test_the_page_has_blocks_and_no_language_that_is_not_tested() -> None:
    languages = re.findall(r"^```(\w*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(languages) == {"", "sh", "toml", "yaml"}
    assert len(DOCUMENTS) > 10


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["kind"])
def test_a_document_has_the_form_of_its_kind(document: Document) -> None:
    shape = SHAPES[document["apiVersion"], document["kind"]] | {"apiVersion!": str, "kind!": str}
    assert list(wrong(document, shape, document["kind"])) == []


def test_a_wrong_document_would_be_seen() -> None:
    shape = SHAPES["kubelet.config.k8s.io/v1", "CredentialProviderConfig"]
    config = {"providers": [{"name": 1, "matchImages": [], "apiVersion": "v1", "arguments": []}]}
    assert list(wrong(config, shape, "config")) == [
        "config.providers[0].defaultCacheDuration is missing",
        "config.providers[0].name is no str",
        "config.providers[0].matchImages is no list",
        "config.providers[0].arguments is not known",
    ]


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider["matchImages"][0])
def test_a_provider_is_a_command_of_ours(provider: Document) -> None:
    assert (provider["name"], provider["apiVersion"]) == ("moorage", "credentialprovider.kubelet.k8s.io/v1")
    assert seconds_of(provider["defaultCacheDuration"]) > 0
    assert provider.get("tokenAttributes", {}).get("cacheType", "Token") in {"Token", "ServiceAccount"}
    word, *arguments = provider["args"]
    command = moorage.get_command(click.Context(moorage), word)
    assert command is not None
    with command.make_context(word, arguments):  # refuses an option that is not there
        pass


@pytest.mark.parametrize(
    ("image", "number"),
    [
        ("123456789012.dkr.ecr.us-east-1.example.com/team/app:1", 0),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app", 1),
        ("registry.lan:4500/team/app", 1),
        ("123456789012.dkr.ecr.us-east-1.example.com/team/app:1", 2),
        ("123456789012.dkr.ecr.us-east-1.example.com/team/app:1", 3),
    ],
)
def test_the_pages_own_images_match(image: str, number: int) -> None:
    matched = [any(matches(pattern, image) for pattern in provider["matchImages"]) for provider in PROVIDERS]
    assert matched[number]


def test_variables_are_those_of_aws() -> None:
    names = {variable["name"] for provider in PROVIDERS for variable in provider["env"]}
    known = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_CA_BUNDLE"}
    assert names <= known
    assert "AWS_CA_BUNDLE" in names


def test_what_refers_to_another_document_finds_it() -> None:
    def named(kind: str) -> set[str]:
        return {document["metadata"]["name"] for document in documents(kind)}

    bindings = [*documents("RoleBinding"), *documents("ClusterRoleBinding")]
    assert {(each["roleRef"]["kind"], each["roleRef"]["name"]) for each in bindings} == {
        *(("Role", name) for name in named("Role")),
        *(("ClusterRole", name) for name in named("ClusterRole")),
    }
    subjects = [subject for each in bindings for subject in each["subjects"] if subject["kind"] == "ServiceAccount"]
    assert {subject["name"] for subject in subjects} <= named("ServiceAccount")
    (audience,) = [attributes["serviceAccountTokenAudience"] for attributes in _tokens()]
    assert documents("ClusterRole")[0]["rules"][0]["resources"] == [audience]


def _tokens() -> list[Document]:
    return [provider["tokenAttributes"] for provider in PROVIDERS if "tokenAttributes" in provider]


def test_the_annotation_is_the_one_that_is_asked_for() -> None:
    annotated = [
        each["metadata"]["annotations"] for each in documents("ServiceAccount") if "annotations" in each["metadata"]
    ]
    assert [list(each) for each in annotated] == [each["requiredServiceAccountAnnotationKeys"] for each in _tokens()]


def test_the_job_may_change_its_secret_and_nothing_else() -> None:
    job, change = documents("CronJob")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    variables = {variable["name"]: variable["value"] for variable in container["env"]}
    (rule,) = documents("Role")[0]["rules"]
    assert rule == {
        "apiGroups": [""],
        "resources": ["secrets"],
        "resourceNames": [variables["SECRET"]],
        "verbs": ["patch"],
    }
    assert f"secret generic {variables['SECRET']}" in "".join(blocks("sh"))
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert change["metadata"] == job["metadata"]
    changed = change["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert [each["name"] for each in changed["containers"]] == [container["name"]]
    assert {each["name"] for each in changed["containers"][0]["volumeMounts"]} == {
        v["name"] for v in changed["volumes"]
    }


def test_the_job_tells_its_region_to_every_release_of_the_aws_cli() -> None:
    pod = documents("CronJob")[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    variables = {variable["name"]: variable["value"] for variable in pod["containers"][0]["env"]}
    registry = read_host(variables["REGISTRY"])
    assert (variables["AWS_REGION"], variables["AWS_DEFAULT_REGION"]) == (registry.region, registry.region)


def test_the_job_runs_long_before_a_password_ends() -> None:
    hours, minutes = [document["spec"]["schedule"].split() for document in documents("CronJob")]
    assert int(hours[1].removeprefix("*/")) <= 6
    assert (int(minutes[0].removeprefix("*/")) <= 30, minutes[1:]) == (True, ["*"] * 4)


@pytest.mark.parametrize(
    "text",
    [
        *blocks("sh"),
        *(
            each["args"][0]
            for each in [documents("CronJob")[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]]
        ),
    ],
)
def test_a_script_can_be_read_by_a_shell(text: str) -> None:
    subprocess.run(["/bin/sh", "-n"], input=text, text=True, check=True)


def test_what_aws_iam_is_asked_for_is_built() -> None:
    words = re.findall(r"aws iam ([a-z-]+)", "".join(blocks("sh")))
    named = {
        "".join(part.title() for part in word.split("-")).replace("OpenIdConnect", "OpenIDConnect") for word in words
    }
    assert {f"iam.{name}" for name in named} <= set(HANDLERS)
    arns = set(re.findall(r"arn:aws:iam::aws:policy/\S+", PAGE.read_text(encoding="utf-8")))
    assert arns <= set(MANAGED)


def test_each_command_and_option_of_ours_is_there() -> None:
    text = PAGE.read_text(encoding="utf-8")
    context = click.Context(moorage)
    assert set(re.findall(r"`moorage ([a-z-]+)", text)) <= set(moorage.list_commands(context))
    assert set(re.findall(r"`(outside_\w+)`", text)) <= set(KEYS)
    command = moorage.get_command(context, "credential-provider")
    assert command is not None
    ours = {option for parameter in command.params for option in parameter.opts}
    kubernetes = r"--(image-credential-provider-.+|service-account-issuer)"
    told = {word for word in re.findall(r"`(--[a-z-]+)`", text) if re.fullmatch(kubernetes, word) is None}
    assert told == ours


@pytest.mark.parametrize(("path", "text"), HOSTS, ids=lambda value: str(value)[:60] if isinstance(value, Path) else "")
def test_a_folder_of_hosts_is_as_containerd_documents_it(path: Path, text: str) -> None:
    assert path.parent.parent == CERTS
    told = tomllib.loads(text)
    assert told.keys() <= {"server", "host", "capabilities", "ca", "client", "skip_verify", "header", "override_path"}
    for address, host in told["host"].items():
        assert urlsplit(address)._replace(scheme="", netloc="").geturl() == ""
        assert host.keys() <= {"capabilities", "ca", "client", "skip_verify", "header", "override_path"}
        assert set(host["capabilities"]) <= {"pull", "resolve", "push"}
        assert address == told["server"]
        if address.startswith("https:"):
            assert told["ca"] == host["ca"] == str(CERTS / urlsplit(address).netloc / "ca.crt")
        if not path.parent.name.endswith("amazonaws.com"):
            assert urlsplit(address).netloc == path.parent.name


def test_both_forms_of_containerds_settings_name_the_folder() -> None:
    told = [tomllib.loads(text) for path, text in files() if path.name == "config.toml"]
    assert [each["version"] for each in told] == [2, 3]
    registries = [plugin["registry"] for each in told for plugin in each["plugins"].values()]
    assert [each["config_path"] for each in registries] == [str(CERTS)] * 2


def test_the_words_in_shell_blocks_can_be_split() -> None:
    assert all(shlex.split(block, comments=True) for block in blocks("sh"))
