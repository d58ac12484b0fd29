"""Settings of a registry's account, by name, with the values they may have (spec/ecr/policies.md section 10)."""

from enum import StrEnum
from typing import Final

from moorage.domain.errors import InvalidParameter


class AccountSetting(StrEnum):
    """The names there are."""

    BASIC_SCAN_TYPE_VERSION = "BASIC_SCAN_TYPE_VERSION"
    REGISTRY_POLICY_SCOPE = "REGISTRY_POLICY_SCOPE"
    BLOB_MOUNTING = "BLOB_MOUNTING"

    @property
    def default(self) -> str:
        return _DEFAULTS[self]

    @classmethod
    def parse(cls, name: str) -> "AccountSetting":
        """Find a setting by its name.

        Raises:
            InvalidParameter

        """
        if name not in cls.__members__:
            raise InvalidParameter("name", f"Member must satisfy enum value set: [{', '.join(cls)}]")
        return cls(name)

    def judge(self, value: str) -> str:
        """Give the value if the setting may have it.

        Raises:
            InvalidParameter

        """
        if value not in _VALUES[self]:
            raise InvalidParameter("value", f"Member must satisfy enum value set: [{', '.join(_VALUES[self])}]")
        return value


ENABLED: Final = "ENABLED"
NARROW_SCOPE: Final = "V1"  # the registry's policy speaks of three actions alone
_VALUES: Final = {
    AccountSetting.BASIC_SCAN_TYPE_VERSION: ("AWS_NATIVE",),
    AccountSetting.REGISTRY_POLICY_SCOPE: ("V2", NARROW_SCOPE),
    AccountSetting.BLOB_MOUNTING: (ENABLED, "DISABLED"),
}
_DEFAULTS: Final = {
    AccountSetting.BASIC_SCAN_TYPE_VERSION: "AWS_NATIVE",
    AccountSetting.REGISTRY_POLICY_SCOPE: "V2",
    AccountSetting.BLOB_MOUNTING: "DISABLED",
}
