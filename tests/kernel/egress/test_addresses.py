"""Whatever form it is written in, an address that is not public is not reached."""

import asyncio

import pytest

from pegboard.kernel.egress import Egress, EgressFailed, EgressRefused, ForbiddenAddress, ForbiddenPort, ForbiddenUrl
from tests.support.small_web import PUBLIC, Web, page

pytestmark = pytest.mark.anyio

# P is the port of a listener on 127.0.0.1 that must not hear of any of these.
SPELLINGS_OF_THIS_MACHINE = [
    *("127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "127.000.000.001", "127.0.0.1.."),
    *("2130706433", "02130706433", "017700000001", "0x7f000001", "0x7F000001", "0x7f.0.0.1", "0x7f.1", "0x7f.0x1"),
    *("0177.0.0.1", "0177.0.0.01", "0177.1", "00000177.0.0.1", "127.0.0.0x1", "127.0.0x1", "0x7f.0.1", "0177.0x0.0.1"),
    *("4294967295", "6425673729", "9999999999999", "127.0.0.257", "383.0.0.1", "127.0.0.1.0", "1", "0", "0x", "0x0"),
    *("0.0.0.0", "0.0.0.1", "00.0.0.0", "127.255.255.254", "127.127.127.127"),
    *("１２７.０.０.１", "127。0。0。1", "127．0．0．1", "①②⑦.⓪.⓪.①", "1²7.0.0.1", "𝟏𝟐𝟕.𝟎.𝟎.𝟏", "٠.٠.٠.٠"),
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0.0.0.1]", "[0::1]"),
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7F00:0001]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::ffff:0:7f00:1]"),
    *("[::127.0.0.1]", "[::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]"),
    *(
        "[2002:7f00:1::]",
        "[2002:7f00:0001::1]",
        "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
        "[fe80::1%25lo]",
        "[::1%25lo]",
    ),
    *("[::1%lo]", "[fe80::1%lo]", "[::1", "::1", "[v1.fe80]", "[127.0.0.1]", "[]", "[localhost]"),
    *("localhost", "LOCALHOST", "localhost.", "lOcAlHoSt", "sub.localhost", "localhost.localdomain", "ⓛocalhost"),
    *("127.0.0.1%00", "127.0.0.1%2e", "%31%32%37.0.0.1", "127.0.0.1%20", "127.0.0.1\t", "127.0.0.1\n", "127.0.0.1\\"),
    *("8.8.4.4@127.0.0.1", "8.8.4.4%40127.0.0.1", "a:b@127.0.0.1", "@127.0.0.1", "8.8.4.4\\@127.0.0.1"),
    *("8.8.4.4\\127.0.0.1", "127.0.0.1;8.8.4.4", "127.0.0.1,8.8.4.4", "127.0.0.1 8.8.4.4"),
    *("", ".", "..", "-", "-a.example", "a-.example", "a..example", "a" * 64 + ".example", "x." * 200 + "example"),
]
NOT_PUBLIC = [
    *("10.0.0.1", "10.255.255.254", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.255.254"),
    *("100.64.0.1", "100.100.100.200", "100.127.255.254", "169.254.169.254", "169.254.0.1", "169.254.170.2"),
    *("168.63.129.16", "192.0.0.192", "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.254"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "0.1.2.3"),
    *("192.31.196.1", "192.52.193.1", "192.175.48.1"),
    *("fc00::1", "fd00:ec2::254", "fdff::1", "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1", "ff02::1", "ff0e::1"),
    *("::", "::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8", "::8.8.8.8", "::ffff:0:8.8.8.8"),
    *("64:ff9b::10.0.0.1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "100:0:0:1::1", "1::1", "4000::1", "5f00::1"),
    *("2002:a00:1::1", "2002:c0a8:101::", "2002:808:808::1", "2001::1", "2001:10::1", "2001:20::1", "2001:2::1"),
    *("2001:db8::1", "3fff::1", "3fff:fff::1", "2620:4f:8000::1", "8000::1", "e000::1"),
]
IS_PUBLIC = [
    *(
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "126.255.255.255",
        "128.0.0.1",
    ),
    *("168.63.129.15", "168.63.129.17", "169.253.255.255", "172.15.255.255", "172.32.0.1", "192.0.1.1", "192.167.1.1"),
    *("198.17.255.255", "198.20.0.1", "223.255.255.255", "2606:4700::1", "2001:200::1", "2400:3200::1", "2a00:1450::1"),
]


@pytest.mark.parametrize("spelling", SPELLINGS_OF_THIS_MACHINE)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_spelling_of_this_machine_is_reached(web: Web, scheme: str, spelling: str) -> None:
    """The resolver says of everything that it is here, and connections are real: only the rule stands between."""
    egress = Egress(ports=frozenset({80, 443, web.port}), resolve=_all_here)
    for url in (f"{scheme}://{spelling}:{web.port}/", f"{scheme}://{spelling}/"):
        with pytest.raises((EgressRefused, EgressFailed)):
            await egress.request("GET", url, timeout_s=2)
    await asyncio.sleep(0)
    assert web.connections == 0


async def test_the_system_resolver_does_not_lead_there_either(web: Web) -> None:
    egress = Egress(ports=frozenset({80, 443, web.port}))
    for name in ("localhost", "LOCALHOST."):
        with pytest.raises(ForbiddenAddress):
            await egress.request("GET", f"http://{name}:{web.port}/")
    egress.close()
    assert web.connections == 0


async def test_the_listener_would_have_heard(web: Web) -> None:
    """What the tests above rest on: with the network named, the same request arrives."""
    web.serve = page()
    egress = Egress(["127.0.0.0/8"], resolve=_all_here)
    assert (await egress.request("GET", f"http://anything.example:{web.port}/")).body == b"hello"
    assert web.connections == 1


async def _all_here(host: str, port: int) -> list[str]:
    return ["127.0.0.1", "::1", "::ffff:127.0.0.1"]


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_a_name_of_an_address_that_is_not_public_is_refused(web: Web, address: str) -> None:
    web.serve, web.names = page(), {"inner.example": [[address]]}
    with pytest.raises((ForbiddenAddress, EgressFailed)):
        await web.egress().request("GET", "http://inner.example/")
    literal = f"[{address}]" if ":" in address else address
    with pytest.raises((ForbiddenAddress, ForbiddenUrl)):
        await web.egress().request("GET", f"https://{literal}/")
    assert (web.dialled, web.connections) == ([], 0)


@pytest.mark.parametrize("address", IS_PUBLIC)
async def test_a_public_address_is_reached(web: Web, address: str) -> None:
    web.serve, web.names = page(), {"open.example": [[address]]}
    answer = await web.egress().request("GET", "http://open.example/")
    assert (answer.status, answer.body, web.dialled) == (200, b"hello", [(address, 80, None)])


def test_the_forms_are_many() -> None:
    assert len(set(SPELLINGS_OF_THIS_MACHINE)) >= 100
    assert len(set(NOT_PUBLIC)) >= 60


@pytest.mark.parametrize(
    "url",
    [
        *(
            "ftp://open.example/",
            "file:///etc/passwd",
            "gopher://open.example:80/",
            "unix:/run/x",
            "data:,x",
            "jar:http://x",
        ),
        *(
            "//open.example/",
            "open.example",
            "/etc/passwd",
            "",
            "http:",
            "http:///",
            "http:open.example",
            "javascript:1",
        ),
        *("http://user:password@open.example/", "http://user@open.example/", "http://:@open.example/"),
        *("http://open.example:0/", "http://open.example:65536/", "http://open.example:-1/", "http://open.example:8x/"),
        *(
            "http://open.example:٨٠/",
            "http://open.example:80:80/",
            "http://open.example\x00/",
            "http://open.example/a b",
        ),
        *(
            "http://open.example/\r\nhost: inner",
            "http://open.example/\x7f",
            "http:\\\\open.example/",
            "http://<open>/",
        ),
        "http://open.example/" + "x" * 5000,
    ],
)
async def test_what_is_no_plain_web_address_is_refused(web: Web, url: str) -> None:
    web.serve, web.names = page(), {"open.example": [[PUBLIC]]}
    with pytest.raises(ForbiddenUrl):
        await web.egress().request("GET", url)
    assert web.dialled == []


@pytest.mark.parametrize("port", [22, 25, 81, 2375, 5432, 6379, 8080, 8443, 65535])
async def test_only_the_ports_of_the_web(web: Web, port: int) -> None:
    web.serve, web.names = page(), {"open.example": [[PUBLIC]]}
    with pytest.raises(ForbiddenPort):
        await web.egress().request("GET", f"http://open.example:{port}/")
    assert web.dialled == []


@pytest.mark.parametrize(
    ("url", "dialled"),
    [
        ("http://open.example", (PUBLIC, 80, None)),
        ("http://open.example:443/", (PUBLIC, 443, None)),
        ("HTTP://OPEN.Example.:80/", (PUBLIC, 80, None)),
        ("http://8.8.4.4/", (PUBLIC, 80, None)),
        ("http://8.8.4.4#@127.0.0.1", (PUBLIC, 80, None)),
        ("http://8.8.4.4?@127.0.0.1/", (PUBLIC, 80, None)),
        ("http://[2606:4700:4700::1111]/", ("2606:4700:4700::1111", 80, None)),
        ("http://例子.example/釘釘?詞=一", (PUBLIC, 80, None)),
    ],
)
async def test_ordinary_addresses_are_reached(web: Web, url: str, dialled: tuple[str, int, str | None]) -> None:
    web.serve, web.names = page(), {"open.example": [[PUBLIC]], "xn--fsqu00a.example": [[PUBLIC]]}
    assert (await web.egress().request("GET", url)).status == 200
    assert web.dialled == [dialled]
    assert web.requests[0].path.isascii()


async def test_networks_that_the_operator_names_are_free_of_both_rules(web: Web) -> None:
    web.serve, web.names = page(), {"erp.example": [["10.1.2.3"]], "other.example": [["10.2.0.1"]]}
    egress = web.egress(allowed=["10.1.0.0/16", "fd00::/8"])
    await egress.request("POST", "http://erp.example:8069/hook", body=b"{}")
    await egress.request("GET", "http://[fd00::5]:9000/")
    assert web.dialled == [("10.1.2.3", 8069, None), ("fd00::5", 9000, None)]
    for url in ("http://other.example/", "http://other.example:8069/", "http://[::ffff:10.1.2.3]/"):
        with pytest.raises(ForbiddenAddress):
            await egress.request("GET", url)


async def test_of_several_addresses_only_those_that_may_be_are_dialled(web: Web) -> None:
    web.serve, web.names = page(), {"mixed.example": [["127.0.0.1", PUBLIC, "10.0.0.1", "64:ff9b::7f00:1"]]}
    await web.egress().request("GET", "http://mixed.example/")
    assert web.dialled == [(PUBLIC, 80, None)]


async def test_the_judged_address_is_the_dialled_one_whatever_the_name_says_next(web: Web) -> None:
    """Rebinding: the name is looked up once, and never again for the same request."""
    web.serve, web.names = page(), {"rebinding.example": [[PUBLIC], ["127.0.0.1"]]}
    await web.egress().request("GET", "http://rebinding.example/")
    assert (web.looked_up, web.dialled) == (["rebinding.example"], [(PUBLIC, 80, None)])
    with pytest.raises(ForbiddenAddress):
        await web.egress().request("GET", "http://rebinding.example/")
    assert len(web.dialled) == 1


async def test_a_name_that_does_not_exist_failed_and_may_exist_later(web: Web) -> None:
    web.names = {"empty.example": [[]]}
    for name in ("nowhere.example", "empty.example"):
        with pytest.raises(EgressFailed) as failed:
            await web.egress().request("GET", f"http://{name}/")
        assert failed.value.reason == "resolve"


async def test_an_address_can_be_judged_without_asking_it(web: Web) -> None:
    web.names = {"open.example": [[PUBLIC]], "inner.example": [["10.0.0.1"]]}
    assert (await web.egress().check("https://OPEN.example/a#b")).host == "open.example"
    with pytest.raises(ForbiddenAddress):
        await web.egress().check("https://inner.example/")
    assert web.dialled == []
