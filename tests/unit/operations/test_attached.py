"""What is attached to a repository: its tags as policies see them."""

import json

from moorage.operations.policies import compile_attached
from moorage.policy.request import Spellings
from moorage.store.attached import AttachedRow


def test_a_tag_that_was_stored_in_two_spellings_has_no_one_value() -> None:
    tags = json.dumps({"protected": "yes", "Protected": "no", "team": "red", "TEAM": "red"})
    facts = compile_attached(AttachedRow(own=None, registry=None, tags=tags, scope=None)).facts
    assert facts == {
        f"{vendor}:resourcetag/{key}": value
        for vendor in ("aws", "ecr")
        for key, value in (("protected", Spellings(("yes", "no"))), ("team", "red"))
    }
