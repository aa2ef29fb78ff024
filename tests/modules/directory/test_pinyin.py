"""People are found by what one types: pinyin, initials, Latin letters without their accents."""

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pegboard.modules.directory import pinyin
from pegboard.modules.directory.pinyin import SearchKeys, fold, search_keys

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("name", "keys", "initials"),
    [
        ("張三", "zhangsan", "zs"),
        ("张三", "zhangsan", "zs"),
        ("單志強", "shanzhiqiang", "szq"),
        ("单志强", "shanzhiqiang", "szq"),
        ("曾小賢", "zengxiaoxian", "zxx"),
        ("解縉", "xiejin", "xj"),
        ("仇英", "qiuying", "qy"),
        ("查良鏞", "zhaliangyong", "zly"),
        ("區志明", "ouzhiming", "ozm"),
        ("区志明", "ouzhiming", "ozm"),
        ("朴志勇", "piaozhiyong", "pzy"),
        ("翟天臨", "zhaitianlin", "ztl"),
        ("繆杰", "miaojie", "mj"),
        ("覃海洋", "qinhaiyang", "qhy"),
        ("任賢齊", "renxianqi", "rxq"),
        ("尉遲恭", "yuchigong", "ycg"),
        ("尉迟恭", "yuchigong", "ycg"),
        ("長孫無忌", "zhangsunwuji", "zswj"),
        ("万俟卨", "moqixie", "mqx"),
        ("單于明", "chanyuming", "cym"),
        ("歐陽娜娜", "ouyangnana", "oynn"),
        ("令狐沖", "linghuchong", "lhc"),
        ("李長江", "lichangjiang", "lcj"),
        ("王單", "wangdan", "wd"),
        ("呂布", "lvbu", "lb"),
        ("𠮷田太郎", "jitiantailang", "jttl"),
        ("陸䶮雪", "luyanxue", "lyx"),
        ("查尔斯·李", "chaersi li", "cesl"),
        ("阿卜杜热扎克·买买提", "abudurezhake maimaiti", "abdrzkmmt"),
        ("王Peter Chang", "wang peter chang", "wpc"),
        ("王小明 Peter", "wangxiaoming peter", "wxmp"),
        ("Peter 單志明", "peter shanzhiming", "pszm"),
        ("王小明 單", "wangxiaoming dan", "wxmd"),
        ("張三（外包）", "zhangsan waibao", "zswb"),
        ("Ann Lee", "ann lee", "al"),
        ("José O’Neil-Ávila", "jose oneil avila", "joa"),
        ("Łukasz Żółć Øre", "lukasz zolc ore", "lzo"),
        ("Straße", "strasse", "s"),
        ("ＡＢＣ １２", "abc 12", "a1"),
        ("김민준", "김민준", "김"),
        ("さくら", "さくら", "さ"),
        ("אברהם", "אברהם", "א"),
        ("Йорик", "йорик", "й"),
        ("शर्मा", "शर्मा", "श"),
        ("a\u200db", "ab", "a"),
        ("葛\U000e0100城", "gecheng", "gc"),
        ("👩\u200d👩\u200d👧 Ann \ufe0f", "ann", "a"),
        (" \u3000·", "", ""),
        ("", "", ""),
    ],
)
def test_the_keys_of_a_name(name: str, keys: str, initials: str) -> None:
    assert search_keys(name) == SearchKeys(pinyin=keys, initials=initials)


def test_both_scripts_read_alike() -> None:
    pairs = zip(
        "趙錢孫陳劉張黃葉蘇呂鄧馮蕭葉閻龍單區繆員蓋樂種",
        "赵钱孙陈刘张黄叶苏吕邓冯萧叶阎龙单区缪员盖乐种",
        strict=True,
    )
    for traditional, simplified in pairs:
        assert search_keys(f"{traditional}明") == search_keys(f"{simplified}明")


def test_no_surname_stands_in_the_tables_in_vain() -> None:
    one, two = pinyin._surnames()
    for surname, reading in one.items():
        assert pinyin._reading(surname) != reading
    for surname, readings in two.items():
        first, second = surname[0], surname[1]
        assert (one.get(first, pinyin._reading(first)), pinyin._reading(second)) != readings


def test_a_query_is_folded_as_the_names_are() -> None:
    for name in ("José O’Neil", "Ｊｏｓｅ ONEIL", "jose oneil"):
        assert fold(name) == search_keys(name).pinyin == "jose oneil"


def test_the_dictionary_is_not_loaded_at_import() -> None:
    code = "import sys, pegboard.modules.directory.pinyin; sys.exit('pypinyin' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, env={"PYTHONPATH": ":".join(sys.path)}).returncode
        == 0
    )


@calm
@given(st.text(max_size=40))
def test_any_text_has_keys(name: str) -> None:
    keys = search_keys(name)
    assert len(keys.initials) >= len(keys.pinyin.split(" ")) or not keys.pinyin
    assert keys.pinyin == keys.pinyin.strip()
    assert keys == search_keys(name)
