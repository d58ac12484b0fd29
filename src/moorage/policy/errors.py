"""The one fact that a policy document can be refused for, and the sentences it is told in.

The sentences are AWS's where AWS's are known (IAM's MalformedPolicyDocument).
"""

from moorage.domain.errors import RegistryError

SYNTAX = "Syntax errors in policy."


class MalformedPolicy(RegistryError):
    """A policy document cannot be kept; ``str()`` is the sentence for its author."""

    def __init__(self, sentence: str = SYNTAX) -> None:
        super().__init__(sentence)
        self.sentence = sentence
