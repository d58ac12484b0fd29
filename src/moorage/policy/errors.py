"""The one fact that a policy document can be refused for, and the sentences it is told in.

The sentences are AWS's where AWS's are known (IAM's MalformedPolicyDocument); ours where a policy asks for something
that is not evaluated yet: such a policy is refused when it is stored, because a part that is kept and passed over
would allow what its author forbade.
"""

from moorage.domain.errors import RegistryError

SYNTAX = "Syntax errors in policy."


class MalformedPolicy(RegistryError):
    """A policy document cannot be kept; ``str()`` is the sentence for its author."""

    def __init__(self, sentence: str = SYNTAX) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def not_evaluated(what: str, name: str) -> MalformedPolicy:
    """Refuse a part of IAM's language that a later version will know."""
    return MalformedPolicy(f"Moorage does not evaluate the {what} '{name}' yet")
