"""A granted ``/v2/`` request on its way to a handler."""

from msgspec import Struct
from msgspec.structs import replace

from moorage.domain.actions import ROUTES, RouteKey
from moorage.domain.addresses import scheme
from moorage.domain.digest import Algorithm, Digest, Reference, parse_reference
from moorage.domain.errors import InvalidDigest
from moorage.domain.profile import Profile
from moorage.edge.http.request import Request
from moorage.edge.oci.routes import Route
from moorage.operations.authorise import Granted
from moorage.operations.create_on_push import create_on_push, may_create
from moorage.operations.env import Env


class Ask(Struct, frozen=True):
    """What a handler gets: the request, where it goes, and the permission it has."""

    env: Env
    profile: Profile
    request: Request
    route: Route
    granted: Granted

    @property
    def base(self) -> str:
        """Scheme and host for absolute addresses."""
        return base_of(self.request)

    @property
    def digest(self) -> Digest:
        """The digest in the path.

        Raises:
            InvalidDigest

        """
        return Digest.parse(self.route.reference)

    @property
    def reference(self) -> Reference:
        """The tag or digest in the path.

        Raises:
            InvalidDigest, InvalidTag

        """
        return parse_reference(self.route.reference)

    @property
    def is_oci(self) -> bool:
        return self.profile is Profile.OCI

    def address(self, path: str) -> str:
        return f"{self.base}/v2/{self.granted.name}/{path}"

    def pushed(self, digest: Digest) -> Digest:
        """Judge a digest under which something is pushed: ECR knows one algorithm.

        Raises:
            InvalidDigest

        """
        if not self.is_oci and digest.algorithm is not Algorithm.SHA256:
            raise InvalidDigest(digest)
        return digest

    @property
    def is_first(self) -> bool:
        """Whether this is a push that makes its repository, in profile oci, where the caller may."""
        return self.is_oci and self.granted.found is None

    async def settle(self) -> Granted:
        """Make the repository of a first push."""
        needs = ROUTES[RouteKey(self.route.endpoint, self.request.method, self.route.kind)]
        return await create_on_push(self.env, self.granted, needs)

    async def settled(self) -> "Ask":
        return replace(self, granted=await self.settle()) if self.is_first else self

    async def settles_later(self) -> bool:
        """Whether ``settle`` will make the repository, once what is pushed has been judged."""
        return self.is_first and await may_create(self.env, self.granted)


def base_of(request: Request) -> str:
    """Give scheme and host as the client wrote them, or nothing where the Host is anybody's invention."""
    origin = request.origin
    if not origin.trusted:
        return ""
    name = f"[{origin.name}]" if ":" in origin.name else origin.name
    port = "" if origin.port in {None, 443 if origin.secure else 80} else f":{origin.port}"
    return f"{scheme(secure=origin.secure)}://{name}{port}"
