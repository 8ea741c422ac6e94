"""Results are fetched only from URLs and addresses that are allowed."""

from __future__ import annotations

import ipaddress

import pytest

from airflow_provider_phota.api.addresses import Reach, RefusedUrl, check_reach, checked_url, reaches
from airflow_provider_phota.api.urls import as_sent, header_text

PUBLIC = {Reach.PUBLIC}


@pytest.mark.parametrize(
    ("address", "reach"),
    [
        ("93.184.216.34", Reach.PUBLIC),
        ("2606:2800:220:1:248:1893:25c8:1946", Reach.PUBLIC),
        ("127.0.0.1", Reach.LOOPBACK),
        ("127.8.9.1", Reach.LOOPBACK),
        ("::1", Reach.LOOPBACK),
        ("::ffff:127.0.0.1", Reach.LOOPBACK),
        ("10.0.0.1", Reach.PRIVATE),
        ("172.16.3.4", Reach.PRIVATE),
        ("192.168.1.1", Reach.PRIVATE),
        ("100.64.0.1", Reach.PRIVATE),
        ("::ffff:10.1.2.3", Reach.PRIVATE),
        ("fd00::1", Reach.PRIVATE),
        ("fe80::1%eth0", Reach.NOWHERE),
        ("169.254.169.254", Reach.NOWHERE),
        ("::ffff:169.254.169.254", Reach.NOWHERE),
        ("0.0.0.0", Reach.NOWHERE),
        ("::", Reach.NOWHERE),
        ("224.0.0.1", Reach.NOWHERE),
        ("ff02::1", Reach.NOWHERE),
        ("240.0.0.1", Reach.NOWHERE),
        ("255.255.255.255", Reach.NOWHERE),
        ("64:ff9b::7f00:1", Reach.NOWHERE),
        ("64:ff9b:1::7f00:1", Reach.NOWHERE),
        ("2002:7f00:1::", Reach.NOWHERE),
        ("2001:0:7f00:1::", Reach.NOWHERE),
        ("::7f00:1", Reach.NOWHERE),
        ("fec0::1", Reach.NOWHERE),
        ("168.63.129.16", Reach.NOWHERE),
        ("192.0.0.8", Reach.NOWHERE),
        ("192.88.99.1", Reach.NOWHERE),
        ("100.100.100.200", Reach.NOWHERE),
        ("fd00:ec2::254", Reach.NOWHERE),
        ("3fff::1", Reach.NOWHERE),
    ],
)
def test_who_can_reach_an_address(address, reach):
    assert reaches([address]) == {reach}


def test_a_public_address_is_fetched_from():
    check_reach(PUBLIC, PUBLIC)
    check_reach(PUBLIC, set())


@pytest.mark.parametrize("kind", [Reach.LOOPBACK, Reach.PRIVATE])
def test_others_only_where_the_connections_own_host_is_of_that_kind(kind):
    check_reach({kind}, {kind})
    for own in (PUBLIC, set(), {Reach.LOOPBACK, Reach.PRIVATE} - {kind}):
        with pytest.raises(RefusedUrl, match=kind.value):
            check_reach({kind}, own)


def test_one_bad_address_of_several_is_enough():
    with pytest.raises(RefusedUrl):
        check_reach({Reach.PUBLIC, Reach.LOOPBACK}, PUBLIC)


def test_an_address_that_leads_nowhere_is_never_fetched_from():
    with pytest.raises(RefusedUrl, match="link-local"):
        check_reach({Reach.NOWHERE}, set(Reach))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://cdn.example.com/a.png", "a http URL, and only https"),
        ("ftp://cdn.example.com/a.png", "a ftp URL"),
        ("file:///etc/passwd", "a file URL"),
        ("javascript:alert(1)", "a javascript URL"),
        ("data:image/png;base64,AAAA", "a data URL"),
        ("/relative.png", "a relative URL"),
        ("", "a relative URL"),
        ("https:///a.png", "without a host"),
        ("https://user:word@cdn.example.com/a.png", "user name"),
        ("https://:word@cdn.example.com/a.png", "user name"),
        ("https://@cdn.example.com/a.png", "user name"),
        ("https://cdn.example.com:99999/a.png", "malformed"),
        ("https://%31%32%37.0.0.1/a.png", "escapes"),
        ("https://[fe80::1%25eth0]/a.png", "escapes"),
        ("https://[::1/a.png", "malformed"),
        ("https://cdn .example.com/a.png", "characters"),
        ('https://cdn".example.com/a.png', "characters"),
        ("https://cdn.example.com/a\tb.png", "characters"),
        ("https://cdn.example.com/a.png\n", "characters"),
        ("https://cdn.example.com/a\x85b.png", "characters"),
        ("https://cdn.example.com/a\x00.png", "characters"),
        ("https://cdn.example.com/caf\udce9.png", "characters"),
        ("https://cdn.example.com\\@127.0.0.1/a.png", "characters"),
        ("https://cdn.example.com/a\r\nHost: x", "characters"),
        ("https://\uff11\uff12\uff17.0.0.1/a.png", "characters"),
        ("https://\uff11\uff12\uff17.0.0.1\u3002/a.png", "characters"),
        ("https://\u0661\u0662\u0667.0.0.\uff11/a.png", "characters"),
        ("https://\uff10x7f000001/a.png", "characters"),
        ("https://\xad/a.png", "characters"),
        ("https://\xe9[::1]/a.png", "characters"),
        ("https://\xe9@cdn.example.com/a.png", "user name"),
        ("https://\xe9%2f.example.com/a.png", "characters"),
        ("https://cdn\uff0fexample.com/a.png", "malformed"),
        (f"https://cdn.example.com/{'a' * 65536}", "too long"),
    ],
)
def test_a_url_that_is_not_fetched_is_not_shown(url, words):
    with pytest.raises(RefusedUrl, match=words) as caught:
        checked_url(url, plain_http=False)
    assert "word" not in str(caught.value)


def test_a_url_comes_apart():
    parts = checked_url("https://cdn.example.com:8443/a.png?sig=1", plain_http=False)
    assert (parts.hostname, parts.port, parts.query) == ("cdn.example.com", 8443, "sig=1")


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://a.example/my picture.png", "https://a.example/my%20picture.png"),
        ("https://a.example/caf\xe9/\u56fe\u7247.png", "https://a.example/caf%C3%A9/%E5%9B%BE%E7%89%87.png"),
        ("https://a.example/cafe\u0301.png", "https://a.example/cafe%CC%81.png"),
        ("https://a.example/9\u202fPM\xa0\u3000.png", "https://a.example/9%E2%80%AFPM%C2%A0%E3%80%80.png"),
        (
            "https://a.example/\U0001f469\u200d\U0001f52c.png",
            "https://a.example/%F0%9F%91%A9%E2%80%8D%F0%9F%94%AC.png",
        ),
        (
            "https://a.example/a.png?name=my picture&q=\xe9",
            "https://a.example/a.png?name=my%20picture&q=%C3%A9",
        ),
        ("https://a.example/a%20b c%2Fd.png", "https://a.example/a%20b%20c%2Fd.png"),
        ("https://a.example/100%.png", "https://a.example/100%25.png"),
        ("https://a.example/50% off.png", "https://a.example/50%25%20off.png"),
        (
            'https://a.example/<a>"`{b}^.png?<c>"\'',
            "https://a.example/%3Ca%3E%22%60%7Bb%7D%5E.png?%3Cc%3E%22%27",
        ),
        (" https://a.example/a.png ", "https://a.example/a.png"),
        ("https://b\xfccher.example:8443/a.png", "https://xn--bcher-kva.example:8443/a.png"),
        ("https://fa\xdf.example/a.png", "https://xn--fa-hia.example/a.png"),
        ("https://B\xdcCHER.example/a.png", "https://xn--bcher-kva.example/a.png"),
        ("https://\u2603.example/a.png", "https://xn--n3h.example/a.png"),
        ("https://cdn\u3002example/a.png", "https://cdn.example/a.png"),
        ("https://a.example/a.png#\xe9", "https://a.example/a.png#%C3%A9"),
    ],
)
def test_a_url_is_sent_as_browsers_do(url, sent):
    assert checked_url(url, plain_http=False).geturl() == sent
    assert checked_url(sent, plain_http=False).geturl() == sent


@pytest.mark.parametrize(
    "url",
    [
        "https://A.example/a%2fb+c//d;e=f,g/../h.png?sig=a%2Fb+c%3D&X-Amz-Date=1|2&[x]",
        "https://a.example/!$&'()*+,;=:@-._~|[].png",
        "https://a.example/a.png?",
        "https://a.example",
    ],
)
def test_a_url_in_order_is_not_touched_since_it_may_be_signed(url):
    assert as_sent(url) == url


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("/a.png", "/a.png"),
        ("/caf\xc3\xa9 1.png", "/caf\xe9 1.png"),
        ("/caf\xe9 1.png", "/caf%E9 1.png"),
        ("/caf\xe9?a=%20#b", "/caf%E9?a=%20#b"),
        ("/\u56fe", "/?"),
    ],
)
def test_a_header_may_be_of_any_encoding(header, text):
    assert header_text(header) == text


def test_plain_http_where_the_connection_is_reached_so():
    assert checked_url("http://127.0.0.1:9000/a.png", plain_http=True).port == 9000


def test_every_address_has_a_reach():
    for first in range(256):
        assert Reach.of(ipaddress.IPv4Address(f"{first}.1.2.3")) in Reach
