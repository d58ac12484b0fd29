"""``moorage instance``: hosts that have a role, as EC2 instances have one."""

from moorage.cli.lazy import LazyGroup

instance = LazyGroup(
    "instance",
    package="moorage.cli.instances",
    summaries={
        "register": "Make a token by which a host gets a role.",
        "join": "Make this host the one that a token was made for.",
        "list": "List the instances of the account.",
        "revoke": "End an instance, its key and its credentials at once.",
    },
    help=(
        "Give hosts a role, as EC2 instances have one. But for join, which needs the token alone, you are who "
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN say, else the root of the first account."
    ),
)
