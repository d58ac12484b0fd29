"""IAM's lists: markers, and pages cut from what there is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from moorage.domain.errors import InvalidParameter
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.pages import DEFAULT_PAGE, next_token, read_token

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Paging:
    """Where a list goes on and how much of it is wanted, as the client says."""

    marker: str | None = None
    count: int | None = None

    @property
    def size(self) -> int:
        return self.count or DEFAULT_PAGE


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and the marker for more."""

    items: Sequence[T]
    marker: str | None

    def map(self, change: Callable[[T], U]) -> "Page[U]":
        return Page([change(item) for item in self.items], self.marker)


@dataclass(frozen=True, slots=True)
class Listing:
    """One list that may come in pages: of which operation, about what."""

    env: Env
    granted: Granted
    operation: str
    where: str = ""

    def after(self, paging: Paging) -> str:
        """Open the marker of this list, which is good for this list alone.

        Raises:
            InvalidParameter

        """
        try:
            return read_token(self.env, self.operation, self.granted.registry, self._where, paging.marker)
        except InvalidParameter:
            raise InvalidParameter("marker", "Invalid marker") from None

    def cut(self, paging: Paging, items: Sequence[T], mark: Callable[[T], str]) -> Page[T]:
        """Cut a page from items that come in the order of their marks, after the marker."""
        after = self.after(paging)
        return self.page(paging, [item for item in items if mark(item) > after], mark)

    def page(self, paging: Paging, rest: Sequence[T], mark: Callable[[T], str]) -> Page[T]:
        """Give the first items of the rest, and a marker where more are left."""
        page = rest[: paging.size]
        if len(rest) <= paging.size:
            return Page(page, None)
        token = next_token(self.env, self.operation, self.granted.registry, self._where, mark(page[-1]))
        return Page(page, token)

    @property
    def _where(self) -> str:
        return f"{self.granted.name}|{self.where}"
