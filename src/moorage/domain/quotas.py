"""How much a registry or an account may hold (spec/ecr/events-quotas.md section 4)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quotas:
    """ECR's own numbers, and for instances one of ours, unless the settings have others."""

    repositories: int = 100_000  # of a registry
    images: int = 100_000  # of a repository
    tags: int = 1_000  # of an image
    instances: int = 1_000  # of an account, those that are over not counted
