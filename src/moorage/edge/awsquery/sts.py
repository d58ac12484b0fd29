"""STS: who somebody is."""

from msgspec import Struct

from moorage.edge.awsquery.ask import Ask
from moorage.edge.awsquery.shapes import GetCallerIdentityResponse


async def get_caller_identity(ask: Ask) -> Struct:
    caller = ask.granted.caller
    return GetCallerIdentityResponse(UserId=caller.unique_id, Account=caller.account, Arn=caller.arn)
