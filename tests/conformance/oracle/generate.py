"""Policies and requests at random: near each other, so that much of what is asked is spoken of by some statement."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Json = Mapping[str, object]

HOME, AWAY = "111122223333", "444455556666"
REGION = "us-east-1"
RESCUE = "ecr:SetRepositoryPolicy"  # what the root may do whatever a policy says
LOG_IN = "ecr:GetAuthorizationToken"
REPLICATE = "ecr:ReplicateImage"
TAGGING = frozenset({"ecr:TagResource", "ecr:CreateRepository"})
ACTIONS = (
    "ecr:PutImage",
    "ecr:BatchGetImage",
    "ecr:ListImages",
    "ecr:DescribeImages",
    *sorted(TAGGING),
    "ecr:UntagResource",
    REPLICATE,
    "ecr:BatchImportUpstreamImage",
    RESCUE,
)
WITHOUT_RESOURCE = (LOG_IN, "ecr:DescribeRegistry")
PATTERNS = ("*", "ecr:*", "ecr:Put*", "ecr:Batch*Image", "ecr:*Images", "ECR:putimage", "ecr:?utImage", "ecr:Tag*")
NAMES = ("app", "team/app", "team/red/app", "ap", "apps", "a.p")
USER = f"arn:aws:iam::{HOME}:user/team/alice"
ROLE = f"arn:aws:iam::{HOME}:role/ci"
SESSION = f"arn:aws:sts::{HOME}:assumed-role/ci/build-7"
SERVICE = "lambda.amazonaws.com"
ROOT = f"arn:aws:iam::{HOME}:root"
STRANGER = f"arn:aws:iam::{AWAY}:user/carol"
ANOTHER_ROOT = f"arn:aws:iam::{AWAY}:root"
ACCOUNTS: Mapping[str, str] = {
    **dict.fromkeys((USER, SESSION, ROOT), HOME),
    **dict.fromkeys((STRANGER, ANOTHER_ROOT), AWAY),
    SERVICE: "",
}
UNIQUE_IDS: Mapping[str, str] = {
    "AIDAALICEALICEALICE1": USER,
    "AROACICICICICICICIC1": ROLE,
    "AIDACAROLCAROLCAROL": STRANGER,
}
CALLERS = (USER, USER, USER, SESSION, SESSION, SESSION, SERVICE, ROOT, STRANGER, ANOTHER_ROOT)
OTHERS = (f"arn:aws:iam::{HOME}:user/bob", STRANGER, AWAY, f"arn:aws:iam::{AWAY}:role/ci", *UNIQUE_IDS)
NAMED = (USER, ROLE, SESSION, HOME, ROOT, [USER, SESSION], [USER, HOME], [SESSION, ROLE, HOME], *OTHERS, "*")

TEXTS = ("red", "blue", "Red", "re", "reds", "r*d", "", "app", "team/app")
FACTS: Mapping[str, tuple[object, ...]] = {
    "aws:username": ("app", "team/app", "red", "a*"),
    "aws:PrincipalTag/team": ("red", "blue", "app", "r*d"),
    "aws:PrincipalTag/key": ("cmVk", "Ymx1ZQ=="),
    "aws:ResourceTag/team": ("red", "blue", "app"),
    "ecr:ResourceTag/team": ("red", "blue"),
    "aws:UserAgent": TEXTS,
    "aws:RequestedRegion": (REGION, "eu-west-1", "US-EAST-1"),
    "aws:SecureTransport": ("true", "false"),
    "aws:SourceIp": ("10.1.2.3", "192.168.1.1", "172.16.0.9", "2001:db8::1", "2001:db9::1"),
    "aws:CurrentTime": ("2026-11-24T10:00:00Z", "2026-11-24T09:59:59Z", "2027-01-01T00:00:00Z", "2025-06-01T12:00:00Z"),
    "aws:MultiFactorAuthAge": ("5", "5.0", "4", "600", "0"),
    "aws:SourceArn": (
        f"arn:aws:lambda:{REGION}:{HOME}:function:app",
        f"arn:aws:lambda:{REGION}:{HOME}:function:apps:1",
        f"arn:aws:lambda:eu-west-1:{AWAY}:function:app",
    ),
    "aws:TagKeys": (("red",), ("red", "blue"), ("blue",), ("green", "blue")),
    "aws:RequestTag/team": ("red", "blue", ""),
}
WANTED: Mapping[str, tuple[object, ...]] = {
    "String": (*TEXTS, "re?", "*e*", "${aws:username}", "${aws:PrincipalTag/team}", "${aws:PrincipalTag/none, 'red'}"),
    "Like": ("re*", "r?d", "*", "${aws:PrincipalTag/team}*", "r${*}d", "${aws:username}", "blue", "?${?}"),
    "Bool": ("true", "false", True, False),
    "Ip": ("10.0.0.0/8", "192.168.1.1", "172.16.0.0/12", "2001:db8::/32", "0.0.0.0/0", "10.1.2.3/32"),
    "Date": ("2026-11-24T10:00:00Z", "2026-11-24", "2026", "2026-11-24T11:00:00+01:00", "2027-01-01T00:00:00Z"),
    "Numeric": ("5", "4.5", 600, 0, "-1", 5),
    "Arn": (
        f"arn:aws:lambda:{REGION}:{HOME}:function:app",
        f"arn:aws:lambda:*:{HOME}:function:*",
        "arn:*:lambda:*:*:function:app",
        f"arn:aws:lambda:{REGION}:{HOME}:function:a?p",
        f"arn:aws:lambda:us-*:{HOME}:function:${{aws:username}}",
    ),
    "Binary": ("cmVk", "Ymx1ZQ==", "cmVkcw=="),
    "Null": ("true", "false", True, False),
}
ORDERS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
KINDS: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "String": (
        "String",
        ("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
        (
            "aws:username",
            "aws:PrincipalTag/team",
            "aws:UserAgent",
            "aws:RequestedRegion",
            "aws:TagKeys",
            "aws:RequestTag/team",
            "aws:ResourceTag/team",
            "ecr:ResourceTag/team",
        ),
    ),
    "Like": (
        "Like",
        ("StringLike", "StringNotLike"),
        ("aws:username", "aws:PrincipalTag/team", "aws:UserAgent", "aws:TagKeys", "AWS:requesttag/Team"),
    ),
    "Bool": ("Bool", ("Bool",), ("aws:SecureTransport",)),
    "Ip": ("Ip", ("IpAddress", "NotIpAddress"), ("aws:SourceIp",)),
    "Date": ("Date", tuple(f"Date{order}" for order in ORDERS), ("aws:CurrentTime",)),
    "Numeric": ("Numeric", tuple(f"Numeric{order}" for order in ORDERS), ("aws:MultiFactorAuthAge",)),
    "Arn": ("Arn", ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"), ("aws:SourceArn",)),
    "Binary": ("Binary", ("BinaryEquals",), ("aws:PrincipalTag/key",)),
    "Null": ("Null", ("Null",), ("aws:TagKeys", "aws:RequestTag/team", "aws:SourceArn", "aws:PrincipalTag/team")),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One request and the policies it is asked of, as the documents are written.

    ``narrow`` is the registry's policy of scope V1: it is asked about few actions.
    """

    principal: str
    action: str
    resource: str
    owner: str
    context: Mapping[str, object]
    identity: tuple[Json, ...]
    resource_policy: Json | None
    registry: Json | None
    narrow: bool
    boundary: Json | None
    session: Json | None


class Generator:
    """Makes cases; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - the same again, not a secret

    def case(self) -> Case:
        pick, chance = self._random.choice, self._chance
        principal = pick(CALLERS)
        action = pick(WITHOUT_RESOURCE) if chance(0.08) else pick(ACTIONS)
        owner = AWAY if chance(0.25) else HOME
        if action == LOG_IN:  # everybody asks for one of their own account, and a service for none
            principal = USER if principal == SERVICE else principal
            owner = ACCOUNTS[principal]
        asked = (action, pick(NAMES), owner)
        identified = principal in {USER, SESSION, STRANGER}
        by_resource = ACCOUNTS[principal] != owner or chance(0.45)
        limits = chance(0.15)  # both at once, more often than chance has it
        return Case(
            principal=principal,
            action=action,
            resource="*" if action in WITHOUT_RESOURCE else _arn(owner, asked[1]),
            owner=owner,
            context=self._context(action),
            identity=tuple(self._identity(asked) for _ in range(pick((0, 1, 1, 2)))) if identified else (),
            resource_policy=self._resource_policy(asked) if by_resource else None,
            registry=self._resource_policy(asked, everywhere=True) if chance(0.2) else None,
            narrow=chance(0.4),
            boundary=self._identity(asked) if identified and (limits or chance(0.15)) else None,
            session=self._identity(asked) if principal == SESSION and (limits or chance(0.2)) else None,
        )

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _context(self, action: str) -> Json:
        absent: set[str] = set()
        if action not in TAGGING:
            absent.add("aws:RequestTag/team")
        if action not in {*TAGGING, "ecr:UntagResource"}:
            absent.add("aws:TagKeys")
        if action in WITHOUT_RESOURCE:
            absent |= {"aws:ResourceTag/team", "ecr:ResourceTag/team"}
        keys = (key for key in FACTS if key not in absent)
        return {key: self._random.choice(FACTS[key]) for key in keys if self._chance(0.7)}

    def _identity(self, asked: tuple[str, str, str]) -> Json:
        return self._document([self._statement(asked) for _ in range(self._random.choice((1, 1, 2, 3)))])

    def _resource_policy(self, asked: tuple[str, str, str], *, everywhere: bool = False) -> Json:
        """Make a repository's policy, or one of ``everywhere``, a registry's."""
        pick = self._random.choice
        statements = []
        for _ in range(pick((1, 1, 2))):
            statement = dict(self._statement(asked))
            if not everywhere and self._chance(0.3):  # as most repositories' policies are written
                statement.pop("Resource", None)
                statement.pop("NotResource", None)
            if statement["Effect"] == "Deny" and self._chance(0.3):
                statement["NotPrincipal"] = self._principal()
            else:
                statement["Principal"] = self._principal()
            statements.append(statement)
        return self._document(statements)

    def _document(self, statements: Sequence[Json]) -> Json:
        version = "2008-10-17" if self._chance(0.04) else "2012-10-17"
        return {
            "Version": version,
            "Statement": statements[0] if len(statements) == 1 and self._chance(0.3) else statements,
        }

    def _principal(self) -> object:
        pick = self._random.choice
        if self._chance(0.2):
            return "*"
        named = {"AWS": pick(NAMED)}
        return {"Service": SERVICE, **(named if self._chance(0.5) else {})} if self._chance(0.25) else named

    def _statement(self, asked: tuple[str, str, str]) -> Json:
        pick, chance = self._random.choice, self._chance
        statement: dict[str, object] = {"Effect": "Deny" if chance(0.2) else "Allow"}
        actions = [asked[0] if chance(0.6) else pick((*PATTERNS, *ACTIONS)) for _ in range(pick((1, 1, 2)))]
        statement["NotAction" if chance(0.08) else "Action"] = (
            actions if len(actions) > 1 or chance(0.5) else actions[0]
        )
        resources = [self._resource(asked) for _ in range(pick((1, 1, 2)))]
        statement["NotResource" if chance(0.08) else "Resource"] = resources if len(resources) > 1 else resources[0]
        if chance(0.55):
            statement["Condition"] = self._conditions()
        return statement

    def _resource(self, asked: tuple[str, str, str]) -> str:
        _, name, owner = asked
        return self._random.choice(
            (
                "*",
                _arn(owner, name),
                _arn(owner, "*"),
                _arn(owner, "team/*"),
                _arn(owner, "*app"),
                _arn(owner, "?pp"),
                _arn(owner, "App"),
                _arn("*", name),
                f"arn:aws:ecr:us-*:{owner}:repository/*/app",
                f"arn:aws:ecr:*:{owner}:*",
                "arn:aws:ecr:*",
                "arn:aws:ecr",
                f"arn:aws:ecr:{REGION}:{owner[:4]}*:repository/a*",
                _arn(owner, "${aws:username}"),
                _arn(owner, "${aws:PrincipalTag/team}*"),
                _arn(owner, "${aws:PrincipalTag/none, 'team'}/app"),
                _arn(owner, "${aws:PrincipalTag/none}"),
                _arn(owner, self._random.choice(NAMES)),
            )
        )

    def _conditions(self) -> Json:
        pick, chance = self._random.choice, self._chance
        found: dict[str, object] = {}
        for _ in range(pick((1, 1, 2))):
            values, operators, keys = KINDS[pick(tuple(KINDS))]
            operator, key = pick(operators), pick(keys)
            if operator != "Null":
                operator += "IfExists" if chance(0.2) else ""
                if key == "aws:TagKeys" and chance(0.9):
                    operator = pick(("ForAnyValue:", "ForAllValues:")) + operator
            wanted = [pick(WANTED[values]) for _ in range(pick((1, 1, 2, 3)))]
            found[operator] = {key: wanted if len(wanted) > 1 or chance(0.5) else wanted[0]}
        return found


def _arn(owner: str, name: str) -> str:
    return f"arn:aws:ecr:{REGION}:{owner}:repository/{name}"
