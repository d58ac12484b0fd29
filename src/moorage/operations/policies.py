"""What is attached to repositories and registries, compiled, remembered under the owning account's generation."""

from moorage.domain.account_setting import NARROW_SCOPE
from moorage.domain.caller import Registry
from moorage.domain.resourcetag import by_folded
from moorage.policy.compiled import Compiled
from moorage.policy.decide import NO_RESOURCE, REACH_OF_V1, ResourcePolicies
from moorage.policy.elements import Attached, Source
from moorage.policy.request import Spellings, Value
from moorage.store import attached
from moorage.store.attached import AttachedRow
from moorage.store.port import Store
from moorage.store.resource_tags import read_tags

_LIMIT = 10_000
NO_REPOSITORY = ""


class PolicyCache:
    """Gives the compiled policies that are attached to a repository and its registry."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[Registry, str], tuple[int, ResourcePolicies]] = {}

    async def find(self, registry: Registry, repository_id: str, generation: int) -> ResourcePolicies:
        """Find the policies as of ``generation`` of the owning account, which the caller has just read."""
        known = self._known.get((registry, repository_id))
        if known is not None and known[0] == generation:
            return known[1]
        policies = compile_attached(await attached.find(self._store.now, registry, repository_id))
        if len(self._known) >= _LIMIT:
            self._known.clear()
        # A change between the two reads bumped the generation: what is remembered here is then not asked for again.
        self._known[registry, repository_id] = (generation, policies)
        return policies


def compile_attached(row: AttachedRow) -> ResourcePolicies:
    if row.own is None and row.registry is None and row.tags is None:
        return NO_RESOURCE
    facts: dict[str, Value] = {}
    for key, values in by_folded(read_tags(row.tags) if row.tags else {}).items():
        value = values[0] if len(set(values)) == 1 else Spellings(values)
        facts[f"aws:resourcetag/{key}"] = facts[f"ecr:resourcetag/{key}"] = value
    return ResourcePolicies(
        _compiled(Source.REPOSITORY, "repository policy", row.own),
        _compiled(Source.REGISTRY, "registry policy", row.registry),
        facts,
        REACH_OF_V1 if row.scope == NARROW_SCOPE else None,
    )


def _compiled(source: Source, name: str, text: str | None) -> Compiled | None:
    return None if text is None else Compiled.stored([(Attached(source, name), text)])
