"""A granted ``/v2/`` request on its way to a handler."""

from dataclasses import dataclass

from moorage.domain.digest import Digest, Reference, parse_reference
from moorage.edge.http.request import Request
from moorage.edge.oci.errors import Profile
from moorage.edge.oci.routes import Route
from moorage.operations.authorise import Granted
from moorage.operations.env import Env


@dataclass(frozen=True, slots=True)
class Ask:
    """What a handler gets: the request, where it goes, and the permission it has."""

    env: Env
    profile: Profile
    request: Request
    route: Route
    granted: Granted
    base: str  # scheme and host for absolute addresses; empty where the Host is not to be trusted

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

    def address(self, path: str) -> str:
        return f"{self.base}/v2/{self.granted.name}/{path}"
