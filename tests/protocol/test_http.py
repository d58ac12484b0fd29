"""Hosts, forwarded headers, methods, odd paths, and clients that go away (security: classes E, F, H)."""

import contextlib
from collections.abc import Iterator

import pytest
from botocore.client import BaseClient

from protocol.api import Api
from protocol.people import Key, root_of
from protocol.registry import Registry, basic
from support.layers import digest_of
from support.server import RunningServer, wait_until
from support.wire import Answer, Wire, head

FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "registry.example", "X-Forwarded-For": "203.0.113.9"}


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Start a server that believes a proxy on this machine."""
    settings = {"MOORAGE_TRUSTED_PROXIES": "127.0.0.1/32", "MOORAGE_DOMAIN": "registry.example"}
    with RunningServer(tmp_path_factory.mktemp("behind") / "data", settings=settings) as running:
        yield running


def raw(server: RunningServer, *lines: str) -> Answer:
    with Wire(server.host) as wire:
        wire.send("\r\n".join([*lines, "", ""]).encode("latin-1"))
        return wire.receive()


def noted(server: RunningServer, word: str) -> str:
    """Wait for the line of the log about a request, which is written a little later."""
    wait_until(lambda: word in server.log())
    return next(line for line in server.log().splitlines() if word in line)


class TestHosts:
    """A request has one Host, and it is the one its line names."""

    def test_none_is_refused(self, server: RunningServer) -> None:
        assert raw(server, "GET /v2/ HTTP/1.1").status == 400

    def test_two_are_refused(self, server: RunningServer) -> None:
        assert raw(server, "GET /v2/ HTTP/1.1", f"Host: {server.host}", "Host: evil.example").status == 400

    def test_the_same_twice_is_refused(self, server: RunningServer) -> None:
        assert raw(server, "GET /v2/ HTTP/1.1", *[f"Host: {server.host}"] * 2).status == 400

    def test_a_line_that_names_another_is_refused(self, server: RunningServer) -> None:
        assert raw(server, "GET http://evil.example/v2/ HTTP/1.1", f"Host: {server.host}").status == 400

    def test_a_line_that_names_the_same_is_taken(self, server: RunningServer) -> None:
        assert raw(server, f"GET http://{server.host}/healthz HTTP/1.1", f"Host: {server.host}").status == 200

    @pytest.mark.parametrize(
        "host", ["", "a b", "[::1", "x:99999999", "x:y", "\xe9", "-", "a" * 5000, "x/../y", "@", "<script>"]
    )
    def test_an_odd_one_gets_no_absolute_address(self, server: RunningServer, host: str) -> None:
        answer = raw(server, "GET /v2/ HTTP/1.1", f"Host: {host}")
        assert answer.status in {400, 401}
        assert answer.status == 400 or f'realm="http://localhost:{server.port}/"' in answer.header("www-authenticate")

    def test_http_1_0_without_one_is_refused(self, server: RunningServer) -> None:
        assert raw(server, "GET /v2/ HTTP/1.0").status == 400


class TestForwarded:
    """Only a proxy that the settings trust may tell how the client came."""

    def test_nobody_is_believed_unasked(self, registry: Registry, repository: str) -> None:
        answer = registry.ask("POST", f"{repository}/blobs/uploads/", FORWARDED)
        assert answer.header("location").startswith(f"http://{registry.wire.host}/v2/")

    def test_nobodys_address_is_noted_unasked(self, registry: Registry, server: RunningServer) -> None:
        registry.ask("GET", "said/by-anybody/tags/list", FORWARDED)
        assert '"client":"127.0.0.1"' in noted(server, "said/by-anybody")

    def test_the_address_that_a_trusted_proxy_tells_is_noted(self, behind: RunningServer) -> None:
        with Wire(behind.host) as wire:
            wire.ask("GET", "/v2/said/by-proxy/tags/list", FORWARDED)
        assert '"client":"203.0.113.9"' in noted(behind, "said/by-proxy")

    @pytest.mark.parametrize(("path", "lines"), [("fields", {"Range": "\xe9"}), ("host", {"Host": "a", "host": "b"})])
    def test_the_address_that_a_trusted_proxy_tells_is_noted_of_who_is_refused_at_the_door(
        self, behind: RunningServer, path: str, lines: dict[str, str]
    ) -> None:
        with Wire(behind.host) as wire:
            assert wire.ask("GET", f"/v2/refused/{path}/tags/list", FORWARDED | lines).status == 400
        assert '"client":"203.0.113.9"' in noted(behind, f"refused/{path}")

    def test_a_trusted_proxy_is_believed(self, behind: RunningServer) -> None:
        with Wire(behind.host) as wire:
            answer = wire.ask("GET", "/v2/", FORWARDED)
        assert 'realm="https://registry.example/"' in answer.header("www-authenticate")

    def test_of_several_values_the_nearest_counts(self, behind: RunningServer) -> None:
        chain = {name: f"evil.example, {value}" for name, value in FORWARDED.items()}
        with Wire(behind.host) as wire:
            answer = wire.ask("GET", "/v2/", chain)
        assert 'realm="https://registry.example/"' in answer.header("www-authenticate")

    def test_even_a_trusted_proxy_names_no_strange_host(self, behind: RunningServer) -> None:
        with Wire(behind.host) as wire:
            answer = wire.ask("GET", "/v2/", FORWARDED | {"X-Forwarded-Host": "evil.example"})
        assert "evil.example" not in answer.header("www-authenticate")

    def test_the_forwarded_host_chooses_the_registry(self, behind: RunningServer) -> None:
        password = root_of(behind).password(behind)
        with Wire(behind.host) as wire:
            named = FORWARDED | {"X-Forwarded-Host": "999999999999.dkr.ecr.us-east-1.registry.example"}
            answer = Registry(wire, password).ask("GET", "team/app/tags/list", named)
        assert answer.status == 403


class TestPaths:
    """No path leads out of its repository, and none is a fault of the server."""

    @pytest.mark.parametrize(
        "path",
        [
            "/v2/../../etc/passwd",
            "/v2/%2e%2e/%2e%2e/etc/tags/list",
            "/v2/..%2f..%2fetc/tags/list",
            "/v2/a/../b/tags/list",
            "/v2/a/./b/tags/list",
            "/v2/a//b/tags/list",
            "/v2/a%00b/tags/list",
            "/v2/a%ffb/tags/list",
            "/v2/a\\b/tags/list",
            "/v2/a%5cb/tags/list",
            "/v2/a%0d%0aX-Evil:1/tags/list",
            "/v2/a;b/tags/list",
            "/v2/a%25/tags/list",
            "/v2/%zz/tags/list",
            "/v2/a%/tags/list",
            f"/v2/{'a' * 10_000}/tags/list",
            f"/v2/{'a/' * 5_000}b/tags/list",
            "/v2/A/tags/list",
            "/v2/a/tags/list",
            f"/v2/{'a' * 257}/tags/list",
            "/v2/-a/tags/list",
            "/v2/a-/tags/list",
            "/v2/a___b/tags/list",
            "/v2/a..b/tags/list",
            "/v2/a*/tags/list",
            "/v2/%25/tags/list",
            "/v2/a'--/tags/list",
        ],
    )
    def test_a_name_that_is_none_is_refused(self, registry: Registry, path: str) -> None:
        assert registry.ask("GET", path).status in {400, 404, 405}

    @pytest.mark.parametrize(
        "path", ["", "/v2", "/V2/", "//v2/", "/admin", "/metrics", "/healthz/", "/.git/config", "/%2e%2e/x", "*"]
    )
    def test_a_path_of_nobody_is_not_found(self, wire: Wire, path: str) -> None:
        assert wire.ask("GET", path).status in {400, 404}

    def test_names_with_wildcards_of_sql_match_themselves_alone(self, registry: Registry, ecr: BaseClient) -> None:
        for name in ("wild/axb", "wild/a_b"):
            ecr.create_repository(repositoryName=name)
        registry.push("wild/axb", "v1", b"x")
        assert registry.ask("GET", "wild/a_b/tags/list").read("tags") == []
        assert registry.ask("GET", "wild/a%25b/tags/list").status == 405

    def test_the_data_folder_holds_nothing_but_its_own(
        self, registry: Registry, repository: str, server: RunningServer
    ) -> None:
        before = {one.name for one in server.data.iterdir()} | {one.name for one in server.data.parent.iterdir()}
        for upload in ("..%2f..%2fx", "%2e%2e", "..", "%00", "x%2f..%2fy"):
            registry.ask("PATCH", f"{repository}/blobs/uploads/{upload}", body=b"x")
            registry.ask("PUT", f"{repository}/manifests/{upload}", body=b"x")
        after = {one.name for one in server.data.iterdir()} | {one.name for one in server.data.parent.iterdir()}
        assert after == before


class TestRoot:
    """``/`` is for the API; whoever just looks learns what this is and no more."""

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
    def test_other_methods_are_refused(self, wire: Wire, method: str) -> None:
        assert wire.ask(method, "/").status == 405

    def test_a_look_tells_no_version(self, wire: Wire) -> None:
        assert (wire.ask("GET", "/").text, wire.ask("HEAD", "/").status) == ("Moorage, a container registry\n", 200)

    @pytest.mark.parametrize("path", ["/healthz", "/readyz"])
    def test_health_is_for_everyone(self, wire: Wire, path: str) -> None:
        assert (wire.ask("GET", path).text, wire.ask("POST", path).status) == ("ok\n", 405)


class TestClientsThatGoAway:
    """Nobody is hurt by another's slow or broken connection."""

    def test_aborted_uploads_hurt_nobody(self, registry: Registry, repository: str, server: RunningServer) -> None:
        named = {"Host": server.host, "Authorization": basic(registry.password), "Content-Length": str(10**9)}
        for _ in range(20):
            upload = registry.start(repository)
            with Wire(server.host) as wire:
                wire.send(head("PATCH", f"/v2/{upload}", named.items()) + b"x" * 100_000)
        assert registry.put_blob(repository, b"all is well") == digest_of(b"all is well")

    def test_slow_heads_and_bodies_hold_nobody_up(
        self, registry: Registry, repository: str, server: RunningServer
    ) -> None:
        named = {"Host": server.host, "Authorization": basic(registry.password), "Content-Length": "1000"}
        with contextlib.ExitStack() as stack:
            for number in range(60):
                wire = stack.enter_context(Wire(server.host))
                begun = head("PATCH", f"/v2/{registry.start(repository)}", named.items())
                wire.send(begun[:-4] if number % 2 else begun + b"x")
            assert registry.put_blob(repository, b"all is well") == digest_of(b"all is well")

    def test_an_answer_that_nobody_fetches_hurts_nobody(
        self, registry: Registry, repository: str, server: RunningServer
    ) -> None:
        registry.push(repository, "v1", large := bytes(8 << 20))
        named = {"Host": server.host, "Authorization": basic(registry.password)}
        for _ in range(10):
            with Wire(server.host) as wire:
                wire.send(head("GET", f"/v2/{repository}/blobs/{digest_of(large)}", named.items()))
        assert registry.ask("GET", f"{repository}/blobs/{digest_of(large)}").body == large

    def test_a_signed_call_that_is_cut_short_does_nothing(
        self, root: Key, server: RunningServer, ecr: BaseClient
    ) -> None:
        body = b'{"repositoryName":"cut/short"}'
        with Wire(server.host) as wire:
            headers = Api(wire, root.id, root.secret).signed(
                "AmazonEC2ContainerRegistry_V20150921.CreateRepository", body
            )
            wire.send(head("POST", "/", (*headers, ("content-length", str(len(body) + 5)))) + body)
        assert "cut/short" not in str(ecr.describe_repositories(maxResults=1000))
