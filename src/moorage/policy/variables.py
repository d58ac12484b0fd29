"""Policy variables: ``${aws:username}`` in a resource or in a wanted value stands for a fact of the request.

What a variable brings is text: a star in a user's name is a star and no wildcard. ``${*}``, ``${?}`` and ``${$}``
write the three characters that otherwise mean something.
"""

import re
from dataclasses import dataclass

from moorage.domain.wildcard import literal
from moorage.policy.errors import MalformedPolicy
from moorage.policy.request import Context, Spellings, Unclear

# Nothing that was read is given back: a key ends at the last sign that is no blank, and there is one way to read it.
_VARIABLE = re.compile(
    r"""\$\{ (?: (?P<sign>[*?$])
               | \s*+ (?P<key>[A-Za-z0-9_.-]++:(?>[^,{}']*[^,{}'\s]))
                 \s*+ (?: , \s*+ '(?P<default>[^']*+)' \s*+ )?+ ) \}""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Variable:
    """A condition key to be filled in, its name in lower case, and what stands for a missing value, if anything."""

    key: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Template:
    """A text with variables in it."""

    parts: tuple[str | Variable, ...]

    def fill(self, context: Context) -> str | None:
        """Give the pattern that the text means in a request; None where a variable has no single value.

        Raises:
            Unclear: it has several, of which one is meant

        """
        filled: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                filled.append(part)
                continue
            value = context.get(part.key)
            if value is None:
                value = part.default
            if not isinstance(value, str):
                if isinstance(value, Spellings):
                    raise Unclear
                return None
            filled.append(literal(value))
        return "".join(filled)

    @property
    def length(self) -> int:
        """The characters of the text itself, without what is filled in."""
        return sum(len(part) for part in self.parts if isinstance(part, str))

    @property
    def head(self) -> str:
        """The text before the first variable."""
        return self.parts[0] if isinstance(self.parts[0], str) else ""


def read_template(text: str) -> str | Template:
    """Read a text of a 2012-10-17 document: a pattern, or a template where it takes facts of the request.

    Raises:
        MalformedPolicy: something that begins like a variable is none

    """
    if "${" not in text:
        return text
    parts: list[str | Variable] = [""]
    end = 0
    for found in _VARIABLE.finditer(text):
        _add(parts, _literally(text[end : found.start()]))
        end = found.end()
        if found["key"] is None:
            _add(parts, literal(found["sign"]))
        else:
            parts.append(Variable(found["key"].lower(), found["default"]))
    _add(parts, _literally(text[end:]))
    return parts[0] if len(parts) == 1 and isinstance(parts[0], str) else Template(tuple(parts))


def _literally(text: str) -> str:
    """Take what stands between variables as it is; ``${$}{`` writes what begins like one and is none."""
    if "${" in text:
        raise MalformedPolicy
    return text


def _add(parts: list[str | Variable], text: str) -> None:
    last = parts[-1]
    if isinstance(last, str):
        parts[-1] = last + text
    elif text:
        parts.append(text)
