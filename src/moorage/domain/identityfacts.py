"""Facts about identities and sessions that stop an operation of IAM or STS; ``str()`` is AWS's own sentence."""

from moorage.domain.errors import EntityNotFound, RegistryError


class IdentityFact(RegistryError):
    """Any fact of IAM's or STS's own."""


class InvalidInput(IdentityFact):
    """A member cannot be what it is."""


class Unmodifiable(IdentityFact):
    """A service-linked role changes through its service alone, a policy of AWS not at all."""


class PolicyNotAttachable(IdentityFact):
    """The policy is for a service's own role."""


class PolicyNotFound(EntityNotFound):
    """A managed policy that was named is not there."""

    def __init__(self, arn: str) -> None:
        super().__init__("policy", arn)

    def __str__(self) -> str:
        return f"Policy {self.name} does not exist or is not attachable."


class VersionNotFound(EntityNotFound):
    """A managed policy has no such version."""

    def __init__(self, arn: str, version: str) -> None:
        super().__init__("policy version", version)
        self.arn = arn

    def __str__(self) -> str:
        return f"Policy {self.arn} version {self.name} does not exist or is not attachable."


class PackedPolicyTooLarge(IdentityFact):
    """Session policies and tags are more than a session may carry."""


class SessionExpired(IdentityFact):
    """Temporary credentials are past their end."""

    def __init__(self) -> None:
        super().__init__("The security token included in the request is expired")


class IdentityTokenInvalid(IdentityFact):
    """A web identity token cannot be read, is signed by nobody known, or is for somebody else."""


class IdentityTokenExpired(IdentityFact):
    """A web identity token is past its end."""


class IdentityRejected(IdentityFact):
    """The provider's token does not say what it must."""


class ProviderUnreachable(IdentityFact):
    """The identity provider does not answer, or answers with nonsense."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Couldn't retrieve verification key from your identity provider: {why}")
        self.why = why
