"""What ECR says when it refuses, word for word: its sentences are part of the wire format."""

ACCOUNT = "123456789012"
REGION = "us-east-1"


def repository_not_found(repository: str) -> str:
    return f"The repository with name '{repository}' does not exist in the registry with id '{ACCOUNT}'"


def tag_immutable(repository: str, tag: str) -> str:
    return (
        f"The image tag '{tag}' already exists in the '{repository}' repository"
        " and cannot be overwritten because the tag is immutable."
    )


def not_authorized(user: str, action: str, repository: str) -> str:
    return (
        f"User: arn:aws:iam::{ACCOUNT}:user/{user} is not authorized to perform: {action}"
        f" on resource: arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository}"
        f" because no identity-based policy allows the {action} action"
    )


IMAGE_NOT_FOUND = "Requested image not found"
