"""``moorage account``: the accounts of a server."""

from moorage.cli.lazy import LazyGroup

account = LazyGroup(
    "account",
    package="moorage.cli.accounts",
    summaries={
        "create": "Make an account and print its root keys.",
        "list": "List the accounts.",
        "reset-root": "Replace an account's root keys, while no server runs.",
    },
    help="Create and list accounts, and replace their root keys.",
)
