"""Referrers: the manifests that point at a subject, as an index (end-12)."""

from urllib.parse import quote

import msgspec

from moorage.domain.errors import InvalidParameter
from moorage.domain.media import MediaType
from moorage.domain.referrer import Referrer
from moorage.edge.http.response import Header, Response
from moorage.edge.oci.ask import Ask
from moorage.edge.oci.errors import VERSION
from moorage.operations.referrers import ReferrerPage, list_referrers

_MOST = 1000
_DIGITS = 9


async def get(ask: Ask) -> Response:
    """Answer a page; a repository that is not there has no referrers in profile oci, where pushing makes it."""
    subject = ask.digest
    wanted, count = ask.request.query.get("artifactType"), _count(ask)
    if wanted is not None:  # no media type has a space: it was a plus that nobody escaped
        wanted = wanted.replace(" ", "+")
    types = [] if wanted is None else [wanted]
    if ask.is_oci and ask.granted.found is None:
        page = ReferrerPage((), None)
    else:
        token = ask.request.query.get("last")
        page = await list_referrers(ask.env, ask.granted, subject, types, token=token, count=count)
    headers: tuple[Header, ...] = (("content-type", MediaType.OCI_INDEX.value), VERSION)
    if wanted is not None:
        headers = (*headers, ("oci-filters-applied", "artifactType"))
    if page.next_token is not None:
        filtered = "" if wanted is None else f"&artifactType={quote(wanted, safe='')}"
        address = f"{ask.base}/v2/{ask.granted.name}/referrers/{subject}?last={page.next_token}&n={count}{filtered}"
        headers = (*headers, ("link", f'<{address}>; rel="next"'))
    index = {
        "schemaVersion": 2,
        "mediaType": MediaType.OCI_INDEX.value,
        "manifests": [_descriptor(one) for one in page.referrers],
    }
    return Response(200, headers, msgspec.json.encode(index))


def _count(ask: Ask) -> int:
    """Read ``n``, which some clients send: a hint, of which more than a page is a page."""
    text = ask.request.query.get("n")
    if text is None:
        return _MOST
    digits = text.lstrip("0") if text.isascii() and text.isdigit() else ""
    if not digits:
        raise InvalidParameter("maxResults", "Member must have value greater than or equal to 1")
    return _MOST if len(digits) > _DIGITS else min(int(digits), _MOST)


def _descriptor(referrer: Referrer) -> dict[str, object]:
    told: dict[str, object] = {
        "mediaType": referrer.media_type,
        "digest": str(referrer.digest),
        "size": referrer.size,
    }
    if referrer.artifact_type is not None:
        told["artifactType"] = referrer.artifact_type
    if referrer.annotations:
        told["annotations"] = referrer.annotations
    return told
