"""Whether a role is for machines: its trust policy must let EC2's service become it."""

from moorage.domain.errors import AccessDenied
from moorage.domain.machine import Machine
from moorage.operations.assumerole import Target
from moorage.operations.context import CallContext
from moorage.operations.env import Call
from moorage.policy.request import Request, Requester, RequesterType, Value

SERVICE = "ec2.amazonaws.com"
_ACTION = "sts:AssumeRole"


def judge_trust(call: Call, target: Target, machine: Machine) -> None:
    """See that the trust policy names the service and lets it become the role for the machine.

    Raises:
        AccessDenied

    """
    row = target.row
    known: dict[str, Value] = {
        **target.facts(),
        "aws:principalisawsservice": "true",
        "aws:principalservicename": SERVICE,
        "aws:sourceaccount": machine.account,
        "aws:sourcearn": machine.arn,
        "sts:rolesessionname": machine.id,
    }
    service = Requester(row.account, SERVICE, SERVICE, RequesterType.SERVICE, facts=known)
    request = Request(service, _ACTION, row.arn, row.account, CallContext(call, known, row.account))
    # "Anybody" does not mean a service, as it does not mean an identity provider: it must be named.
    denied = target.trust.denials(request, service.names.every)
    if denied or not target.trust.allowance(request, (SERVICE,)):
        raise AccessDenied(
            f"The trust policy of the role {row.name} does not allow the service {SERVICE} to perform {_ACTION}: "
            "a role whose trust policy does not allow that is not given to instances."
        )
