"""The condition keys that are evaluated, with the type of each; a policy that names any other is refused.

A later stage adds a line here, and the value to the request context where requests are authorised.
"""

from collections.abc import Mapping
from enum import Enum


class KeyType(Enum):
    STRING = "String"
    ARN = "Arn"
    BOOL = "Bool"


# Names are not case-sensitive: policies are read, and request contexts are filled, in lower case.
KEYS: Mapping[str, KeyType] = {
    name.lower(): kind
    for name, kind in {
        "aws:PrincipalArn": KeyType.ARN,
        "aws:PrincipalAccount": KeyType.STRING,
        "aws:PrincipalType": KeyType.STRING,
        "aws:username": KeyType.STRING,
        "aws:userid": KeyType.STRING,
        "aws:RequestedRegion": KeyType.STRING,
        "aws:UserAgent": KeyType.STRING,
        "aws:ResourceAccount": KeyType.STRING,
        "aws:SecureTransport": KeyType.BOOL,
    }.items()
}
