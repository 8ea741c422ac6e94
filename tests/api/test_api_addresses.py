"""Which result URLs and addresses are fetched from."""

from __future__ import annotations

import ipaddress

import pytest

from airflow_provider_phota.api.addresses import Reach, RefusedUrl, check_reach, checked_url, reaches

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


def test_what_nobody_can_reach_is_never_fetched_from():
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
        ("https://cdn.example.com/a b.png", "characters"),
        ("https://cdn.example.com\\@127.0.0.1/a.png", "characters"),
        ("https://cdn.example.com/a\r\nHost: x", "characters"),
        ("https://\uff11\uff12\uff17.0.0.1/a.png", "characters"),
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


def test_plain_http_where_the_connection_is_reached_so():
    assert checked_url("http://127.0.0.1:9000/a.png", plain_http=True).port == 9000


def test_every_address_has_a_reach():
    for first in range(256):
        assert Reach.of(ipaddress.IPv4Address(f"{first}.1.2.3")) in Reach
