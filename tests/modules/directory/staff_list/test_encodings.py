"""GB18030 and Big5 are told apart, in both scripts, from a single line on."""

import pytest

from pegboard.modules.directory.staff_list import StaffListUnreadable
from pegboard.modules.directory.staff_list.encodings import decode

HEADER = "userid,name,title,departments\n"
TRADITIONAL = [
    "E1,趙娜英,班長,營銷中心/華南大區/直銷組\n",
    "E2,陳志明,總監,製造中心/四廠/總裝車間/丙班\n",
    "E3,黃雅婷,高級工程師,總部/人力資源部\n",
    "E4,歐陽建宏,業務經理,台北分公司/業務部\n",
    "E5,劉俊傑,作業員,生產部;品保部\n",
]
SIMPLIFIED = [
    "E1,赵娜英,班长,营销中心/华南大区/直销组\n",
    "E2,陈志明,总监,制造中心/四厂/总装车间/丙班\n",
    "E3,黄雅婷,高级工程师,总部/人力资源部\n",
    "E4,欧阳建宏,业务经理,北京分公司/销售部\n",
    "E5,刘俊杰,操作工,生产部;质检部\n",
]


@pytest.mark.parametrize("line", TRADITIONAL)
@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("big5", "big5"),
        ("cp950", "big5"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
    ],
)
def test_one_line_in_the_traditional_script(line: str, codec: str, name: str) -> None:
    assert decode((HEADER + line).encode(codec)) == (HEADER + line, name)


@pytest.mark.parametrize("line", SIMPLIFIED)
@pytest.mark.parametrize("codec", ["gb18030", "gbk", "gb2312"])
def test_one_line_in_the_simplified_script(line: str, codec: str) -> None:
    assert decode((HEADER + line).encode(codec)) == (HEADER + line, "gb18030")


@pytest.mark.parametrize("name", ["葉雅雯", "賴詩涵", "陳家銘", "鄭進發", "陳家豪", "黃宜蓁"])
def test_a_single_name_that_reads_well_the_wrong_way_too(name: str) -> None:
    text = f"userid,name,departments\nE1,{name},HQ\n"
    assert decode(text.encode("big5")) == (text, "big5")
    assert decode(text.encode("gb18030")) == (text, "gb18030")


def test_whole_lists() -> None:
    traditional, simplified = HEADER + "".join(TRADITIONAL), HEADER + "".join(SIMPLIFIED)
    assert decode(traditional.encode("big5")) == (traditional, "big5")
    assert decode(traditional.encode("gb18030")) == (traditional, "gb18030")
    assert decode(simplified.encode("gb18030")) == (simplified, "gb18030")


def test_a_chinese_header_alone() -> None:
    assert decode("工號,姓名,部門\n".encode("big5"))[1] == "big5"
    assert decode("工号,姓名,部门\n".encode("gbk"))[1] == "gb18030"


def test_big_endian_and_the_mark_of_gb18030() -> None:
    assert decode(b"\xfe\xff" + HEADER.encode("utf-16-be")) == (HEADER, "utf-16")
    assert decode(b"\x84\x31\x95\x33" + SIMPLIFIED[0].encode("gb18030")) == (SIMPLIFIED[0], "gb18030")


def test_hong_kong_characters_and_rare_names() -> None:
    hong_kong = HEADER + "E1,陳大文,經理,香港公司/深水埗分店/粉嶺邨辦事處\n"
    assert decode(hong_kong.encode("big5hkscs"))[0] == hong_kong
    rare = HEADER + "E1,陸䶮雪,經理,總部\nE2,𠮷田太郎,營業,日本営業所\n"
    assert decode(rare.encode("gb18030")) == (rare, "gb18030")


def test_ascii_is_utf_8() -> None:
    assert decode(b"userid,name,departments\n")[1] == "utf-8"


@pytest.mark.parametrize(
    "data",
    [
        "userid,name,departments\nE1,José Pérez,Ventas\n".encode("latin-1"),
        b"userid,name\xff\xff\n",
        b"\xef\xbb\xbfuserid\xff",
        b"\xff\xfea",
        b"\xff\xfe\x00\xd8",
        b"a\xed\xa0\x80",
        bytes(range(256)),
    ],
    ids=[
        "latin-1",
        "no byte of anything",
        "mark but not UTF-8",
        "half a unit",
        "lone surrogate",
        "surrogate",
        "all",
    ],
)
def test_what_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(StaffListUnreadable) as refused:
        decode(data)
    assert refused.value.code == "unknown_encoding"
