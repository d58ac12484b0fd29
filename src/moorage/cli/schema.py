"""The database's schema, as commands ask for it: what is wrong with the file is told in one sentence."""

from moorage.cli.refused import Refused
from moorage.config import Config
from moorage.store.version import NEWEST, DatabaseUnreadableError, SchemaTooNewError, version_of


def is_newest(config: Config) -> bool:
    try:
        return version_of(config.metadata) == NEWEST
    except (DatabaseUnreadableError, SchemaTooNewError) as error:
        raise Refused(str(error)) from None
