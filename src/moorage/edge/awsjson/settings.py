"""Account settings and referrers in AWS JSON."""

from msgspec import Struct

from moorage.domain.account_setting import AccountSetting
from moorage.domain.digest import Digest
from moorage.edge.awsjson import shapes
from moorage.edge.awsjson.ask import Ask
from moorage.operations.account_settings import get_account_setting, put_account_setting
from moorage.operations.referrers import list_referrers

_REFERRERS = 20  # a page, unless told
_LIVING = frozenset({None, "ACTIVE", "ANY"})


async def get_setting(ask: Ask) -> Struct:
    setting = AccountSetting.parse(ask.read(shapes.GetAccountSettingRequest).name)
    value = await get_account_setting(ask.env, ask.granted, setting)
    return shapes.GetAccountSettingResponse(name=setting.value, value=value)


async def put_setting(ask: Ask) -> Struct:
    asked = ask.read(shapes.PutAccountSettingRequest)
    setting = AccountSetting.parse(asked.name)
    value = await put_account_setting(ask.env, ask.granted, setting, asked.value)
    return shapes.PutAccountSettingResponse(name=setting.value, value=value)


async def list_image_referrers(ask: Ask) -> Struct:
    asked = ask.read(shapes.ListImageReferrersRequest)
    subject, wanted = Digest.parse(asked.subjectId.imageDigest), asked.filter
    types = () if wanted is None else wanted.artifactTypes or ()
    count = asked.maxResults or _REFERRERS
    page = await list_referrers(ask.env, ask.granted, subject, types, token=asked.nextToken, count=count)
    if wanted is not None and wanted.artifactStatus not in _LIVING:  # nothing is archived before that is built
        return shapes.ListImageReferrersResponse(referrers=())
    listed = tuple(
        shapes.ImageReferrer(
            digest=one.digest,
            mediaType=one.media_type,
            artifactType=one.artifact_type,
            size=one.size,
            annotations=dict(one.annotations) or None,
            artifactStatus="ACTIVE",
        )
        for one in page.referrers
    )
    return shapes.ListImageReferrersResponse(referrers=listed, nextToken=page.next_token)
