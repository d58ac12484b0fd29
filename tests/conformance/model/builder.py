"""Requests that a service model allows, and each single way to break one of its rules.

Read from botocore's own model classes, independently of tools/shapes.py.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

MOMENT = datetime(2026, 1, 31, 12, tzinfo=UTC)
UUID = "01234567-89ab-cdef-0123-456789abcdef"
# One value for each pattern of the models; long enough for every minimum length that comes with the pattern.
SAMPLES = {
    "CredentialArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ecr-pullthroughcache/hub",
    "ImageTagMutabilityExclusionFilterValue": "release-*",
    "KmsKeyForRepositoryCreationTemplate": "arn:aws:kms:eu-west-1:123456789012:key/0a1b",
    "LayerDigest": "sha256:" + "0a" * 32,
    "Prefix": "team/",
    "PrincipalArn": "arn:aws:iam::123456789012:role/puller",
    "PullThroughCacheRuleRepositoryPrefix": "docker-hub",
    "Region": "eu-west-1",
    "RegistryId": "123456789012",
    "ReplicationBackfillId": UUID,
    "RepositoryFilterValue": "prod",
    "RepositoryName": "team/app",
    "ScanningRepositoryFilterValue": "prod/*",
    "SigningProfileArn": "arn:aws:signer:eu-west-1:123456789012:/signing-profiles/ours",
    "SigningRepositoryFilterValue": "prod/*",
    "UploadId": UUID,
    "pathType": "/team/",
    "policyPathType": "/team/",
    "policyVersionIdType": "v1",
    "accountAliasType": "our-team",
    "tokenCodeType": "123456",
    "pathPrefixType": "/team",
    "policyDocumentType": '{"Version": "2012-10-17", "Statement": []}',
    "tagKeyType": "größe @ 7",
}
JSON_REGEX = "must satisfy regular expression '{}'"
QUERY_REGEX = "Member must satisfy regular expression pattern: {}"
WRONG_TYPES: dict[str, tuple[object, ...]] = {
    "string": (7, True, [], {}),
    "integer": ("7", 5.0, True, [], 2**63),
    "long": ("7", 5.0, True, [], 2**63, -(2**63) - 1),
    "boolean": ("true", 1),
    "blob": (7, "*", "QQ", "Q Q=", "QQ==QQ=="),
    "list": ({}, "x", 7),
    "structure": ([], "x", 7),
}
_WIDE = r"\u00A0-\uD7FF"
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """A request that breaks one rule: what stands at the path instead, and which constraint is told."""

    rule: str
    path: Path
    wrong: Callable[[], object]  # made late, since some values are large
    constraint: str | None  # None: not even readable

    @property
    def where(self) -> str:
        return ".".join(f"{step + 1}.member" if isinstance(step, int) else step for step in self.path)

    def put_into(self, document: object) -> object:
        return _replaced(document, self.path, self.wrong)


def given(value: object) -> Callable[[], object]:
    return lambda: value


def model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def valid(shape: Shape) -> object:
    """Build a value that has every member and breaks no rule."""
    match shape.type_name:
        case "structure":
            return {name: valid(member) for name, member in shape.members.items()}
        case "list":
            return [valid(shape.member)] * max(1, shape.metadata.get("min", 1))
        case "map":
            return {valid(shape.key): valid(shape.value)}
        case "string":
            short = "x" * max(1, shape.metadata.get("min", 1))
            return shape.enum[0] if shape.enum else SAMPLES.get(shape.name, short)
        case "timestamp":
            return MOMENT
        case kind:
            least = max(7, shape.metadata.get("min", 7))
            return {"integer": least, "long": least, "boolean": True, "double": 7.5, "blob": "AAEC"}[kind]


def breaches(shape: Shape, regex: str, path: Path = ()) -> Iterator[Broken]:
    """Give every way to break exactly one rule somewhere below the shape."""
    if path:
        yield from _sizes(shape, path)
        yield from _spellings(shape, regex, path)
        for wrong in WRONG_TYPES[shape.type_name]:
            yield Broken(f"type-{wrong!r}", path, given(wrong), None)
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if name in shape.required_members:
                yield Broken("null", (*path, name), lambda: None, "Member must not be null")
            yield from breaches(member, regex, (*path, name))
    if shape.type_name == "list":
        yield Broken("null", (*path, 0), lambda: None, "Member must not be null")
        yield from breaches(shape.member, regex, (*path, 0))


def _sizes(shape: Shape, path: Path) -> Iterator[Broken]:
    noun = "value" if shape.type_name in {"integer", "long"} else "length"
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and (least > 0 or noun == "value"):
        told = f"Member must have {noun} greater than or equal to {least}"
        yield Broken("least", path, lambda: _sized(shape, least - 1), told)
    if most is not None:
        told = f"Member must have {noun} less than or equal to {most}"
        yield Broken("most", path, lambda: _sized(shape, most + 1), told)


def _sized(shape: Shape, size: int) -> object:
    match shape.type_name:
        case "string":
            return "x" * size
        case "blob":
            return "A" * ((size + 2) // 3 * 4)  # base64, rounded up to three bytes
        case "list":
            return [valid(shape.member)] * size
        case _:
            return size


def _spellings(shape: Shape, regex: str, path: Path) -> Iterator[Broken]:
    if shape.type_name != "string":
        return
    if shape.enum:
        told = f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
        for wrong in ("NO_SUCH_VALUE", "", f"{shape.enum[0]}\n", shape.enum[0].swapcase()):
            yield Broken(f"enum-{wrong!r}", path, given(wrong), told)
    if pattern := shape.metadata.get("pattern"):
        sample = str(valid(shape))
        told = regex.format(pattern)
        if len(sample) == shape.metadata.get("max"):
            sample = sample[1:]
        for wrong in (f"{sample}\x01", f"{sample}\u2603\n"[-len(sample) - 1 :], f"\x01{sample}"):
            if _WIDE in pattern and "\x01" not in wrong:
                continue  # STS's own classes take all that XML can carry
            yield Broken(f"pattern-{wrong!r}", path, given(wrong), told)


def _replaced(value: object, path: Path, wrong: Callable[[], object]) -> object:
    if not path:
        return wrong()
    step, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {**value, step: _replaced(value[step], rest, wrong)}
    if isinstance(value, list) and isinstance(step, int):
        return [*value[:step], _replaced(value[step], rest, wrong), *value[step + 1 :]]
    raise TypeError(path)
