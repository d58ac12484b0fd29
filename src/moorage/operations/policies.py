"""Repository policies, compiled, remembered under the owning account's generation and never a moment longer."""

from moorage.domain.caller import Registry
from moorage.policy.compiled import Compiled
from moorage.policy.decide import NO_RESOURCE, ResourcePolicies
from moorage.policy.elements import Attached, Source
from moorage.store import repository_policies
from moorage.store.port import Store

_LIMIT = 10_000


class PolicyCache:
    """Gives the compiled policies that are attached to a repository."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[int, ResourcePolicies]] = {}

    async def find(self, registry: Registry, repository_id: str, generation: int) -> ResourcePolicies:
        """Find the policies as of ``generation`` of the owning account, which the caller has just read."""
        known = self._known.get(repository_id)
        if known is not None and known[0] == generation:
            return known[1]
        text = await repository_policies.find_resolved(self._store.now, registry, repository_id)
        policy = NO_RESOURCE if text is None else ResourcePolicies(compile_repository_policy(text))
        if len(self._known) >= _LIMIT:
            self._known.clear()
        # A change between the two reads bumped the generation: what is remembered here is then not asked for again.
        self._known[repository_id] = (generation, policy)
        return policy


def compile_repository_policy(text: str) -> Compiled:
    return Compiled.stored([(Attached(Source.REPOSITORY, "repository policy"), text)])
