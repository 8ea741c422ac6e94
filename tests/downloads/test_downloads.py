"""Downloads: whole, resumed, bounded; and never from where they must not come."""

from __future__ import annotations

import io
import socket
import threading
import time
from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest
from http_text import answer, head
from raw_server import RawServer, answers, drips, hangs_after, resets_after, resets_on_accept

from airflow_provider_phota.api.addresses import Reach, RefusedUrl
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.downloads.arrival import Gone, Undelivered
from airflow_provider_phota.downloads.downloads import TRIES, Downloads, Timing
from airflow_provider_phota.downloads.guard import AddressGuard, resolve

KEY = "sk-0123456789CANARY"
HURRIED = Timing(pause=0.01)
CONTENT = bytes(range(256)) * 64
LARGEST = 1_000_000
ETAG = 'ETag: "one"'


def fetched(url, own, largest=LARGEST, timing=HURRIED, guard=None, **changes):
    target = io.BytesIO()
    with Downloads(Settings(KEY, own, read_timeout=1.0, **changes), timing, guard) as downloads:
        downloads.fetch(url, target, largest)
    return target.getvalue()


def of(server, path="/result.png", **changes):
    """Fetches from a server on loopback, where the connection's own host is too."""
    return fetched(f"{server.url}{path}", server.url, **changes)


def redirect(to):
    return answer(302, b"", f"Location: {to}")


def test_the_bytes_arrive_and_the_key_does_not_leave():
    with RawServer((answers(answer(200, CONTENT, "Set-Cookie: a=b", ETAG)),)) as server:
        assert of(server, "/result.png?sig=1") == CONTENT
        assert of(server) == CONTENT
    first, second = server.received
    assert first.target == "/result.png?sig=1"
    for request in (first, second):
        assert not request.headers.keys() & {"authorization", "cookie", "referer", "range"}
        assert KEY not in str(request)
        assert request.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/my picture.png?q=a b", "/my%20picture.png?q=a%20b"),
        ("/caf\xe9/\u56fe.png?q=\xe9", "/caf%C3%A9/%E5%9B%BE.png?q=%C3%A9"),
        ("/50% off%20now.png", "/50%25%20off%20now.png"),
        ("/a%2Fb c.png?sig=a%2Fb+c%3D", "/a%2Fb%20c.png?sig=a%2Fb+c%3D"),
    ],
)
def test_a_url_with_spaces_or_other_letters_is_sent_as_browsers_do(path, target):
    with RawServer((answers(answer(200, CONTENT)),)) as server:
        assert of(server, path) == CONTENT
    assert server.received[0].target == target


@pytest.mark.parametrize(
    ("location", "target"),
    [
        (b"/my picture.png", "/my%20picture.png"),
        ("/caf\xe9.png".encode(), "/caf%C3%A9.png"),
        (b"/caf\xe9.png", "/caf%E9.png"),
        (b"picture 2.png?q=\xc3\xa9", "/a%20b/picture%202.png?q=%C3%A9"),
    ],
)
def test_a_redirect_with_spaces_or_other_letters_is_followed_as_browsers_do(location, target):
    there = head(302, "Content-Length: 0", "Location: HERE").replace(b"HERE", location)
    with RawServer((answers(there), answers(answer(200, CONTENT)))) as server:
        assert of(server, "/a b/1.png") == CONTENT
    assert server.received[1].target == target


@pytest.mark.parametrize("location", ["/a\tb.png", "/a\\b.png", "/a\x7fb.png"])
def test_a_redirect_with_characters_that_no_url_has_is_refused(location):
    with (
        RawServer((answers(redirect(location)), answers(answer(200, CONTENT)))) as server,
        pytest.raises(RefusedUrl, match="characters in it"),
    ):
        of(server)


def test_a_broken_download_goes_on_where_it_broke():
    whole = answer(200, CONTENT, ETAG)
    rest = answer(206, CONTENT[5000:], f"Content-Range: bytes 5000-{len(CONTENT) - 1}/{len(CONTENT)}", ETAG)
    cut = len(whole) - len(CONTENT) + 5000
    with RawServer((answers(whole[:cut]), answers(rest))) as server:
        assert of(server) == CONTENT
    assert server.received[1].headers["range"] == "bytes=5000-"
    assert server.received[1].headers["if-range"] == '"one"'


@pytest.mark.parametrize(
    "second",
    [
        answer(200, CONTENT, 'ETag: "two"'),  # it is another file by now
        answer(200, CONTENT),
    ],
)
def test_a_server_that_sends_all_of_it_again_is_taken_at_its_word(second):
    whole = answer(200, b"x" * 20_000, ETAG)
    with RawServer((resets_after(whole[:9000]), answers(second))) as server:
        assert of(server) == CONTENT


@pytest.mark.parametrize("etag", ["", 'ETag: W/"weak"', "ETag: bare"])
def test_without_a_strong_tag_it_starts_from_the_beginning(etag):
    whole = answer(200, CONTENT, *filter(None, [etag]))
    with RawServer((answers(whole[:9000]), answers(whole))) as server:
        assert of(server) == CONTENT
    assert "range" not in server.received[1].headers


def test_a_disk_that_is_full_is_not_tried_again():
    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(28, "No space left on device")

    with (
        RawServer((answers(answer(200, CONTENT)),)) as server,
        Downloads(Settings(KEY, server.url)) as downloads,
        pytest.raises(Undelivered, match=r"could not be kept on this machine \(No space left on device\)"),
    ):
        downloads.fetch(f"{server.url}/a.png", Full(), LARGEST)
    assert server.connections == 1


def test_the_rest_of_another_file_is_not_put_together():
    whole = answer(200, CONTENT, ETAG)
    other = answer(
        206, CONTENT[5000:], f"Content-Range: bytes 5000-{len(CONTENT) - 1}/{len(CONTENT)}", 'ETag: "two"'
    )
    cut = len(whole) - len(CONTENT) + 5000
    with RawServer((answers(whole[:cut]), answers(other), answers(whole))) as server:
        assert of(server) == CONTENT
    assert "range" not in server.received[2].headers


def test_the_wrong_part_is_not_put_together():
    whole = answer(200, CONTENT, ETAG)
    wrong = answer(206, CONTENT[6000:], "Content-Range: bytes 6000-9999/10000", ETAG)
    cut = len(whole) - len(CONTENT) + 5000
    with RawServer((answers(whole[:cut]), answers(wrong), answers(whole))) as server:
        assert of(server) == CONTENT


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_a_temporary_failure_is_tried_again(status):
    with RawServer((answers(answer(status)), answers(answer(200, CONTENT)))) as server:
        assert of(server) == CONTENT


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (answers(answer(200, CONTENT)[:-1]), "was cut|did not arrive"),
        (resets_after(answer(200, CONTENT)[:-1]), "did not arrive"),
        (hangs_after(answer(200, CONTENT)[:-1]), "did not arrive"),
        (hangs_after(b""), "did not arrive"),
        (resets_on_accept, "did not arrive"),
        (answers(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"), "did not arrive"),
        (answers(b"garbage\r\n\r\n"), "did not arrive"),
        (answers(answer(500)), "HTTP 500"),
    ],
    ids=["cut", "reset", "hangs", "silent", "reset on accept", "chunk cut", "no HTTP", "500"],
)
def test_what_never_arrives_is_given_up(behaviour, words):
    with RawServer((behaviour,)) as server, pytest.raises(Undelivered, match=words) as caught:
        of(server, "/result.png?sig=CANARY")
    assert server.connections == TRIES
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("status", [204, 400, 401, 451])
def test_a_permanent_failure_is_not_tried_again(status):
    with RawServer((answers(answer(status)),)) as server, pytest.raises(Undelivered, match=f"HTTP {status}"):
        of(server)
    assert server.connections == 1


@pytest.mark.parametrize("status", [403, 404, 410])
def test_what_is_gone_says_when_by_the_servers_clock(status):
    gone = answer(status, b"", "Date: Tue, 24 Nov 2026 10:00:00 GMT")
    with RawServer((answers(gone),)) as server, pytest.raises(Gone, match=f"HTTP {status}") as caught:
        of(server)
    assert caught.value.at.to_iso8601_string() == "2026-11-24T10:00:00Z"


@pytest.mark.parametrize("announced", [100_000, 900_000])
def test_a_drip_is_slower_than_the_slowest_whatever_size_it_announces(announced):
    with (
        RawServer((drips(head(200, f"Content-Length: {announced}")),)) as server,
        pytest.raises(Undelivered, match="less than 4096 KiB a second"),
    ):
        of(server, timing=Timing(pause=0.01, grace=0.2, slowest=4096 * 1024))


def test_a_picture_has_30_seconds_and_then_32_kib_a_second():
    assert Timing().due(received=0) == 30.0 + 8.0  # the first 256 KiB
    assert Timing().due(received=1024 * 1024) == 30.0 + 8.0 + 32.0


def test_a_head_that_drips_is_cut_off():
    began = time.monotonic()
    with RawServer((drips(b"HTTP/1.1 200 OK\r\nX-Drip: "),)) as server, pytest.raises(Undelivered):
        of(server, timing=Timing(pause=0.01, head=0.3))
    assert time.monotonic() - began < 10


def test_too_many_bytes_are_refused_by_their_announcement():
    announced = head(200, "Content-Length: 1000000000000")
    with RawServer((hangs_after(announced),)) as server, pytest.raises(Undelivered, match="larger than"):
        of(server)
    assert server.connections == 1


def test_an_endless_body_ends_at_the_limit():
    def endless(peer):
        peer.receive()
        peer.sock.sendall(head(200))
        while True:
            peer.sock.sendall(b"\0" * 65536)

    with (
        RawServer((endless,)) as server,
        pytest.raises(Undelivered, match=r"larger than max_bytes \(1000000\)"),
    ):
        of(server)


def test_compressed_bytes_are_not_unfolded():
    with RawServer((answers(answer(200, b"\x1f\x8b" + b"\0" * 50, "Content-Encoding: gzip")),)) as server:
        assert of(server) == b"\x1f\x8b" + b"\0" * 50


def test_redirects_are_followed_a_few_times():
    with RawServer((answers(answer(200, CONTENT)),)) as end:
        hops = (
            answers(redirect("/two")),
            answers(redirect("three?x=1")),
            answers(redirect(f"{end.url}/end")),
        )
        with RawServer(hops) as server:
            assert of(server) == CONTENT
    assert [request.target for request in server.received] == ["/result.png", "/two", "/three?x=1"]
    assert all("authorization" not in request.headers for request in (*server.received, *end.received))


def test_redirects_without_end_end():
    with (
        RawServer((answers(redirect("/again")),)) as server,
        pytest.raises(Undelivered, match="more than 3 redirects"),
    ):
        of(server)
    assert server.connections == 4


@pytest.mark.parametrize(
    "target",
    [
        "http://{loopback}/x.png",
        "http://127.1:{port}/x.png",
        "http://2130706433:{port}/x.png",
        "http://0x7f000001:{port}/x.png",
        "http://0177.0.0.1:{port}/x.png",
        "http://localhost:{port}/x.png",
        "http://[::ffff:127.0.0.1]:{port}/x.png",
        "http://0.0.0.0:{port}/x.png",
        "http://0:{port}/x.png",
        "http://[::]:{port}/x.png",
        "http://10.0.0.1/x.png",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/x.png",
        "http://[64:ff9b::7f00:1]:{port}/x.png",
        "http://user:word@{loopback}/x.png",
        "file:///etc/passwd",
        "ftp://{loopback}/x.png",
        "gopher://{loopback}/x",
    ],
)
@pytest.mark.parametrize("redirected", [False, True], ids=["at once", "redirected"])
def test_nothing_is_sent_to_a_forbidden_address(target, redirected):
    public = "127.0.0.3"
    with RawServer((answers(answer(200, CONTENT)),)) as forbidden, RawServer((), host=public) as cdn:
        url = target.format(loopback=f"127.0.0.1:{forbidden.port}", port=forbidden.port)
        cdn.behaviours = (answers(redirect(url)),)
        own = f"http://{public}"
        with pytest.raises(RefusedUrl) as caught:
            fetched(
                f"{cdn.url}/first.png" if redirected else url,
                own,
                guard=guard_that_takes_for_public(public, own),
            )
        assert "word" not in str(caught.value)
    assert forbidden.connections == 0
    assert cdn.connections == int(redirected)


def guard_that_takes_for_public(address, own):
    """Lets an address on loopback stand for a public one."""

    def reaches_but_for_one(addresses):
        return {Reach.PUBLIC if each == address else Reach.of(ip_address(each)) for each in addresses}

    return AddressGuard(urlsplit(own), resolve, reaches_but_for_one)


def test_a_name_is_looked_up_once(monkeypatch):
    """A second lookup would return another address, so there must not be one."""
    asked = []
    real = socket.getaddrinfo

    def rebinding(host, *args, **kwargs):
        if host != "rebinding.example.com":
            return real(host, *args, **kwargs)
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "127.0.0.2", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with RawServer((answers(answer(200, CONTENT)),)) as server:
        url = f"http://rebinding.example.com:{server.port}/result.png"
        assert fetched(url, server.url) == CONTENT
    assert asked == ["rebinding.example.com"]
    assert server.received[0].headers["host"] == f"rebinding.example.com:{server.port}"


def test_a_name_with_one_bad_address_is_refused():
    def both(host, port, flags):
        return ["93.184.216.34", "127.0.0.1"] if host == "both.example.com" else ["93.184.216.34"]

    own = "https://own.example.com"
    with pytest.raises(RefusedUrl, match="on this machine"):
        fetched("https://both.example.com/result.png", own, guard=AddressGuard(urlsplit(own), both))


def test_the_next_address_is_tried():
    with RawServer((answers(answer(200, CONTENT)),)) as server:
        guard = AddressGuard(urlsplit(server.url), lambda *_: ["127.0.0.9", "127.0.0.1"])
        assert of(server, guard=guard) == CONTENT


def test_tls_is_checked_by_the_name(certificates):
    with RawServer((answers(answer(200, CONTENT)),), certificates.server("127.0.0.1")) as server:
        trusting = {"ca_bundle": str(certificates.bundle)}
        assert of(server, **trusting) == CONTENT
        with pytest.raises(Undelivered, match="certificate is not trusted"):
            of(server)  # the public authorities do not know it
        with pytest.raises(Undelivered, match="certificate is not trusted"):
            # the connection's own authorities vouch for its own host alone
            fetched(f"https://localhost:{server.port}/a.png", server.url, **trusting)


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.1/a.png", "http://127.0.0.1./a.png", "http://169.254.169.254./a.png"),
        *("http://localhost/a.png", "http://LOCALHOST./a.png", "http://%31%32%37.0.0.1/a.png"),
    ],
)
def test_through_a_proxy_a_literal_address_is_refused_all_the_same(url):
    with RawServer((answers(answer(200, CONTENT)),)) as proxy:
        with pytest.raises(RefusedUrl):
            fetched(url, "http://93.184.216.34", proxy=proxy.url)
        assert fetched("http://cdn.example.com/a.png", "http://93.184.216.34", proxy=proxy.url) == CONTENT
    (request,) = proxy.received
    assert request.target == "http://cdn.example.com/a.png"


def test_breaking_off_ends_what_is_under_way():
    def slow(peer):
        peer.receive()
        peer.sock.sendall(head(200))
        while not peer.server.stopping.wait(0.01):
            peer.sock.sendall(b"\0" * 1000)

    with RawServer((slow,)) as server, Downloads(Settings(KEY, server.url)) as downloads:
        threading.Timer(0.2, downloads.break_off).start()
        with pytest.raises(Undelivered, match="broken off"):
            downloads.fetch(f"{server.url}/a.png", io.BytesIO(), LARGEST)
    assert server.connections == 1


@pytest.mark.parametrize(("status", "served"), [(200, True), (404, False), (500, False), (302, False)])
def test_whether_it_is_served(status, served):
    with (
        RawServer((answers(head(status, "Content-Length: 9", "Location: /x")),)) as server,
        Downloads(Settings(KEY, server.url)) as downloads,
    ):
        assert downloads.is_served(f"{server.url}/a.png") is served
        assert not downloads.is_served("http://169.254.169.254/a.png")
    assert [request.method for request in server.received] == ["HEAD"]
