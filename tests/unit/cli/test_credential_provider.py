"""What the server says in XML is told as people write it."""

import pytest

from moorage.cli import credential_provider
from moorage.cli.call import Answer, Server
from moorage.cli.refused import Refused


def test_a_refusal_is_told_without_entities(monkeypatch: pytest.MonkeyPatch) -> None:
    words = b"no provider &quot;a&amp;b&quot; &lt;here&gt;"
    body = b"<Error><Code>InvalidIdentityToken</Code><Message>" + words + b"</Message></Error>"
    monkeypatch.setattr(credential_provider, "send", lambda _server, _question: Answer(400, body))
    with pytest.raises(Refused) as refused:
        credential_provider._assume(Server("h", 1, secure=False, ca=None), "role", "token")  # noqa: SLF001 - its words
    assert refused.value.message == 'InvalidIdentityToken: no provider "a&b" <here>'
