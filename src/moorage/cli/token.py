"""``moorage token``: docker passwords that may do less than whoever makes them."""

from moorage.cli.lazy import LazyGroup

token = LazyGroup(
    "token",
    package="moorage.cli.tokens",
    summaries={
        "create": "Make a password that is good for some repositories and actions, for a while.",
        "list": "List the tokens that you made.",
        "revoke": "End a token at once.",
    },
    help=(
        "Make, list and revoke docker passwords that may do less than you. You are who AWS_ACCESS_KEY_ID, "
        "AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN say, else the root of the first account."
    ),
)
