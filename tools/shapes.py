"""Write the AWS shapes of the two wire codecs from the service models that botocore ships.

``python tools/shapes.py`` rewrites both generated files; ``--check`` only says, by exit status 1, that one is stale.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from botocore.loaders import Loader

from served import IAM_SERVED, STS_SERVED

EDGE = Path(__file__).resolve().parent.parent / "src/moorage/edge"
_SPACES = r"\x20\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"  # the category Z, which Python's re cannot name
# Patterns that Python cannot read, or that backtrack without end; what matches is the same.
EQUIVALENTS = {
    r"^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$": r"[a-z0-9*](?:[._\-/]?[a-z0-9*])*",
    r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+": rf"[\w{_SPACES}.:/=+\-@]+",
    r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*": rf"[\w{_SPACES}.:/=+\-@]*",
}
SCALARS = {
    "string": "str",
    "integer": "int",
    "long": "int",
    "boolean": "bool",
    "blob": "bytes",
    "double": "float",
}
LARGEST_LONG = 2**63 - 1
# IAM answers with these percent-encoded; the shape of the input is the same one, and plain.
URL_ENCODED = "policyDocumentType"


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape of a service model, with what a server must know of it."""

    name: str
    kind: str
    members: Mapping[str, str]
    required: frozenset[str]
    item: str | None
    low: int | None
    high: int | None
    pattern: str | None
    enum: tuple[str, ...]

    @classmethod
    def read(cls, name: str, raw: Mapping[str, Any]) -> Self:
        item = raw.get("member") or raw.get("value")
        return cls(
            name=name,
            kind=raw["type"],
            members={member: ref["shape"] for member, ref in raw.get("members", {}).items()},
            required=frozenset(raw.get("required", ())),
            item=None if item is None else item["shape"],
            low=raw.get("min"),
            high=raw.get("max"),
            pattern=raw.get("pattern"),
            enum=tuple(raw.get("enum", ())),
        )


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    input: str | None
    output: str | None


@dataclass(frozen=True, slots=True)
class Service:
    """A service model, reduced to shapes and operations."""

    metadata: Mapping[str, str]
    shapes: Mapping[str, Shape]
    operations: Mapping[str, Operation]

    @classmethod
    def load(cls, name: str) -> Self:
        raw = Loader().load_service_model(name, "service-2")
        return cls(
            metadata=raw["metadata"],
            shapes={shape: Shape.read(shape, text) for shape, text in raw["shapes"].items()},
            operations={
                operation: Operation(operation, text.get("input", {}).get("shape"), text.get("output", {}).get("shape"))
                for operation, text in raw["operations"].items()
            },
        )

    def reach(self, roots: Iterable[str | None]) -> dict[str, Shape]:
        """Every shape below the roots, each after those it is made of."""
        reached: dict[str, Shape] = {}

        def visit(name: str, above: tuple[str, ...]) -> None:
            if name in above:
                sys.exit(f"shape {name} contains itself, and the generator knows no forward references")
            shape = self.shapes[name]
            for inner in (*shape.members.values(), *([shape.item] if shape.item else ())):
                visit(inner, (*above, name))
            reached.setdefault(name, shape)

        for root in roots:
            if root is not None:
                visit(root, ())
        return reached


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where the two protocols differ in what is generated."""

    timestamp: str
    regex: str  # how AWS words a broken pattern

    def words(self, shape: Shape) -> str:
        if shape.enum:
            return f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
        return self.regex.format(shape.pattern)


JSON = Dialect(timestamp="float", regex="must satisfy regular expression '{}'")
QUERY = Dialect(timestamp="datetime", regex="Member must satisfy regular expression pattern: {}")


def whole(shape: Shape) -> str | None:
    """Give the pattern that a whole string must match: msgspec searches, AWS matches."""
    if shape.enum:
        return rf"\A(?:{'|'.join(shape.enum)})\Z"
    if shape.pattern is None:
        return None
    if shape.pattern in EQUIVALENTS:
        return rf"\A(?:{EQUIVALENTS[shape.pattern]})\Z"
    ascii_only = "(?a)" if r"\w" in shape.pattern else ""  # the classes of the models are ASCII ones
    return rf"{ascii_only}\A(?:{shape.pattern})\Z"


def raw_literal(text: str) -> str:
    return f'r"{text}"' if '"' not in text else repr(text)


class Writer:
    """The text of the shapes of one service; constraints stand on what requests can carry."""

    def __init__(self, service: Service, operations: Iterable[Operation], dialect: Dialect) -> None:
        self._dialect = dialect
        self._operations = tuple(operations)
        self._shapes = service.reach(root for each in self._operations for root in (each.input, each.output))
        self._asked = service.reach(operation.input for operation in self._operations)
        self._members = {member for shape in self._shapes.values() for member in shape.members}

    def lines(self) -> Iterator[str]:
        for shape in self._shapes.values():
            if shape.kind == "structure":
                yield from self._struct(shape)
            elif meta := self._meta(shape):
                yield f"{shape.name} = Annotated[{self._plain(shape)}, Meta({meta})]"
            elif shape.name == URL_ENCODED:
                yield f'{shape.name} = Annotated[str, Meta(extra={{"url_encoded": True}})]'

    def table(self, name: str) -> Iterator[str]:
        yield f"{name}: dict[str, OperationShape] = {{"
        for operation in self._operations:
            ask = "Nothing" if operation.input is None else self._name(operation.input)
            answer = self._name(operation.output)
            yield f'"{operation.name}": OperationShape("{operation.name}", {ask}, {answer}),'
        yield "}"

    def _struct(self, shape: Shape) -> Iterator[str]:
        yield f"\n\nclass {self._name(shape.name)}(Struct, frozen=True, kw_only=True, omit_defaults=True):"
        for member, target in shape.members.items():
            kind = self._type(target)
            yield f"    {member}: {kind}" if member in shape.required else f"    {member}: {kind} | None = None"
        yield "\n" if shape.members else "    pass\n"

    def _name(self, struct: str | None) -> str:
        # A field may not bear the name of its own type.
        return f"{struct}Shape" if struct in self._members else str(struct)

    def _type(self, name: str) -> str:
        shape = self._shapes[name]
        return shape.name if self._meta(shape) or name == URL_ENCODED else self._plain(shape)

    def _plain(self, shape: Shape) -> str:
        if shape.kind == "structure":
            return self._name(shape.name)
        if shape.kind == "timestamp":
            return self._dialect.timestamp
        if shape.item is None:
            return SCALARS[shape.kind]
        inner = self._type(shape.item)
        return f"tuple[{inner}, ...]" if shape.kind == "list" else f"dict[str, {inner}]"

    def _meta(self, shape: Shape) -> str:
        if shape.name not in self._asked:
            return ""
        number = shape.kind in {"integer", "long"}
        parts = {
            "ge" if number else "min_length": shape.low if number else shape.low or None,
            "le" if number else "max_length": LARGEST_LONG if number and shape.high is None else shape.high,
            "pattern": whole(shape),
        }
        text = [f"{key}={raw_literal(v) if isinstance(v, str) else v}" for key, v in parts.items() if v is not None]
        if parts["pattern"] is not None:
            text.append(f"description={raw_literal(self._dialect.words(shape))}")
        if shape.name == URL_ENCODED:
            text.append('extra={"url_encoded": True}')
        return ", ".join(text)


HEAD = '''"""{title}.

Generated by tools/shapes.py from the service models of botocore; do not edit.
"""

{imports}from typing import Annotated

from msgspec import Meta, Struct


class OperationShape(Struct, frozen=True):
    """What goes into an operation and what comes out of it."""

    name: str
    input: type[Struct]
    output: type[Struct]{nothing}

'''

NOTHING = '''
class Nothing(Struct, frozen=True, kw_only=True):
    """The input of an operation that takes none."""

'''

STS_HEAD = '''"""The wire types of the STS operations that are served.

Generated by tools/shapes.py from the service models of botocore; do not edit.
"""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from moorage.edge.awsquery.shapes import OperationShape

'''


def json_text() -> str:
    ecr = Service.load("ecr")
    writer = Writer(ecr, ecr.operations.values(), JSON)
    head = HEAD.format(title="The wire types of ECR's JSON operations", imports="", nothing="")
    constants = (f'TARGET_PREFIX = "{ecr.metadata["targetPrefix"]}"', "")
    return "\n".join((head, *writer.lines(), "", *constants, *writer.table("OPERATIONS")))


def query_text(name: str, served: Iterable[str], head: str) -> str:
    service = Service.load(name)
    writer = Writer(service, (service.operations[operation] for operation in served), QUERY)
    parts = [
        head,
        *writer.lines(),
        f'{name.upper()}_NAMESPACE = "{service.metadata["xmlNamespace"]}"',
        f'{name.upper()}_VERSION = "{service.metadata["apiVersion"]}"',
        "",
        *writer.table(name.upper()),
        "",
        "# Every operation of the service, so that one not served can be told from one that does not exist.",
        f"{name.upper()}_OPERATIONS = frozenset({{",
        *(f'"{operation}",' for operation in service.operations),
        "})\n",
    ]
    return "\n".join(parts)


def iam_text() -> str:
    title = "The wire types of the IAM operations that are served"
    head = HEAD.format(title=title, imports="from datetime import datetime\n", nothing=" | None")
    return query_text("iam", IAM_SERVED, head + NOTHING)


def sts_text() -> str:
    return query_text("sts", STS_SERVED, STS_HEAD)


FILES = {
    EDGE / "awsjson/shapes.py": json_text,
    EDGE / "awsquery/shapes.py": iam_text,
    EDGE / "awsquery/stsshapes.py": sts_text,
}


def formatted(path: Path, text: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(path), "-"]
    # The command is ours, word by word.
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout  # noqa: S603


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    check = parser.parse_args().check
    stale = False
    for path, render in FILES.items():
        text = formatted(path, render())
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale = True
            print(f"{'stale' if check else 'written'}: {path.name} of {path.parent.name}")
            if not check:
                path.write_text(text, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
