"""The one table knows every operation and every route, and nothing else is served."""

from moorage.domain.actions import OPERATIONS, ROUTES, Scope
from moorage.edge.awsjson import edge as json_edge
from moorage.edge.awsjson import own, shapes
from moorage.edge.awsquery import shapes as query_shapes
from moorage.edge.awsquery import stsshapes
from moorage.edge.oci import edge as oci_edge
from moorage.edge.oci.routes import METHODS


def test_every_operation_of_the_ecr_model_has_its_needs() -> None:
    assert {f"ecr.{name}" for name in shapes.OPERATIONS} <= OPERATIONS.keys()


def test_every_operation_of_our_own_target_has_its_needs() -> None:
    assert {f"moorage.{name}" for name in own.OPERATIONS} <= OPERATIONS.keys()


def test_every_built_operation_of_iam_and_sts_has_its_needs() -> None:
    built = {f"iam.{name}" for name in query_shapes.IAM} | {f"sts.{name}" for name in stsshapes.STS}
    assert built <= OPERATIONS.keys()


def test_every_handler_of_the_json_edge_has_its_needs() -> None:
    handled = [*json_edge.HANDLERS, *json_edge.UNSIGNED, *json_edge.OF_MACHINES]
    assert set(handled) <= OPERATIONS.keys()
    assert len(set(handled)) == len(handled)


def test_what_needs_no_signature_of_a_principal_is_told_by_the_table_to_need_no_action() -> None:
    by_themselves = {*json_edge.UNSIGNED, *json_edge.OF_MACHINES}
    assert {OPERATIONS[key].scope for key in by_themselves} == {Scope.NOBODY}


def test_every_operation_of_our_own_target_has_a_handler() -> None:
    handled = {*json_edge.HANDLERS, *json_edge.UNSIGNED, *json_edge.OF_MACHINES}
    assert {f"moorage.{name}" for name in own.OPERATIONS} <= handled


def test_every_endpoint_of_the_registry_edge_has_a_handler_and_its_needs() -> None:
    assert {key.endpoint for key in ROUTES} == oci_edge.HANDLERS.keys()


def test_every_method_of_every_place_leads_to_an_endpoint_in_the_table() -> None:
    served = {(endpoint, method) for methods in METHODS.values() for method, endpoint in methods.items()}
    assert served <= {(key.endpoint, key.method) for key in ROUTES}


def test_what_needs_an_action_names_one() -> None:
    needs = [*OPERATIONS.values(), *ROUTES.values()]
    assert [one for one in needs if one.scope is not Scope.NOBODY and not one.names] == []
