"""The resources of a statement: those that stand in it, and those that take facts of the request."""

from moorage.domain.wildcard import Test
from moorage.policy.elements import Resources
from moorage.policy.match import resource_glob
from moorage.policy.request import Context

_MOST_FILLED = 64  # resources that one statement's variables were filled with, and are remembered
_LONGEST_FILLED = 1024  # characters of such a resource


def any_resource(patterns: tuple[str, ...]) -> Test:
    """Make the test whether a resource is one of those that patterns mean."""
    tests = tuple(map(resource_glob, patterns))
    if len(tests) == 1:
        return tests[0]
    return lambda text: any(test(text) for test in tests)


class Moving:
    """Resources that take facts of the request; the tests made of them are remembered."""

    __slots__ = ("_negated", "_static", "_templates", "_tests")

    def __init__(self, resources: Resources) -> None:
        self._static = any_resource(resources.patterns)
        self._templates, self._negated = resources.templates, resources.negated
        self._tests: dict[str, Test] = {}

    def fits(self, resource: str, context: Context) -> bool:
        """Whether the resource is meant; a variable without a value means none, and nothing but none either.

        Raises:
            Unclear: nobody can say

        """
        if self._static(resource):
            return not self._negated
        for template in self._templates:
            pattern = template.fill(context)
            if pattern is None:
                if self._negated:
                    return False
            elif self._test(pattern)(resource):
                return not self._negated
        return self._negated

    def _test(self, pattern: str) -> Test:
        known = self._tests.get(pattern)
        if known is not None:
            return known
        made = resource_glob(pattern)
        if len(pattern) <= _LONGEST_FILLED:
            if len(self._tests) >= _MOST_FILLED:
                self._tests.clear()
            self._tests[pattern] = made
        return made
