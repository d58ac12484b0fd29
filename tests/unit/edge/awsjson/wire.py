"""The server's own operations as a client sees them, without a network."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from moorage.edge.awsjson.edge import JsonEdge
from moorage.edge.awsjson.own import TARGET
from support.env import REGION
from unit.edge.awsquery.wire import HOST, Arrived, Client, Headers

JSON = "application/x-amz-json-1.1"


def ask(client: Client, operation: str, members: Mapping[str, object], region: str = REGION) -> tuple[int, Any]:
    """Call one of the server's own operations; give the status and what is told."""
    body = json.dumps(members).encode()
    sent = {"content-type": JSON, "x-amz-target": f"{TARGET}.{operation}"}
    aws = AWSRequest("POST", f"http://{HOST}/", data=body, headers=sent)
    now = datetime.fromtimestamp(client.env.clock() // 1_000_000, UTC)
    with patch("botocore.auth.get_current_datetime", return_value=now):
        held = Credentials(client.key.access_key_id, client.key.secret, client.token)
        SigV4Auth(held, "moorage", region).add_auth(aws)
    pairs = [("host", HOST), *((name.lower(), value) for name, value in aws.headers.items())]
    arrived = Arrived(Headers([*pairs, ("content-length", str(len(body)))]), body)
    answer = asyncio.run(JsonEdge(client.env).answer(arrived.request()))
    return answer.status, json.loads(answer.body)
