"""Which encoding a company's CSV is in, decided the same way every time.

UTF-8 and UTF-16 say so themselves: by a mark, or by being valid at all. GB18030 and Big5 use the same bytes
for different characters, and most Big5 texts are valid GB18030 as well. So both are tried strictly, and the
text that looks more like a staff list wins: the right reading is full of surnames, given names and the words
of an office, the wrong one is a row of rare characters.
"""

import unicodedata
from functools import cache
from itertools import islice

from pegboard.modules.directory.staff_list.values import StaffListUnreadable

# In both scripts: surnames, what offices and titles are called, given names,
# cities, and the most common characters of running text.
_OFFICE = """
王李張张劉刘陳陈楊杨黃黄趙赵吳吴周徐孫孙馬马朱胡郭何高林羅罗鄭郑梁謝谢宋唐許许鄧邓馮冯韓韩曹曾彭蕭萧肖蔡潘田董袁
于余葉叶蔣蒋杜蘇苏魏程呂吕丁沈任姚盧卢傅鍾钟姜崔譚谭廖范汪陸陆金石戴賈贾韋韦夏邱方侯鄒邹熊孟秦白江閻阎薛尹段雷黎
史龍龙陶賀贺顧顾毛郝龔龚邵萬万錢钱嚴严覃武莫孔湯汤向常溫温康施文牛樊葛邢安齊齐易喬乔伍龐庞顏颜倪莊庄聶聂章魯鲁岳
翟申歐欧耿關关蘭兰焦俞左柳甘祝包寧宁尚符舒阮柯紀纪梅童畢毕單单季裴霍涂成苗谷盛曲翁冉駱骆藍蓝路游辛靳管柴蒙鮑鲍華
华喻祁蒲房滕屈饒饶解牟艾尤陽阳時时穆農农司卓古吉繆缪簡简車车項项連连蘆芦麥麦褚婁娄竇窦戚岑景黨党宮宫費费卜冷晏席
衛卫米柏宗代桂全位隆花官上諸诸葛慕容令狐尉遲迟
總总部公司中心處处科室組组班廠厂工車间間庫库倉仓區区營营銷销市場场業业務务人事力資资源行政財财會会計计審审法採采購购
供應应鏈链製制造生產产品質质檢检研發发開开技術术術設设備备維维修安環环客服售前後后運运輸输物流軟软件硬體体系統统信息網
网絡络數数據据字化平台測试試專专案項目企劃划策略投融證证券理經经副長长主任管監监員员師师助理書书秘總裁董事高級级首席
執执行代表顧问問組長廠長職职位姓名手機机郵邮箱部門门上下直屬属密碼码電电話话號号碼子件址住址備註注日期入性別别男女年月
東东西南北中大小新老分支店辦办分公司海京滬沪津渝粵粤港澳台臺灣湾廣广深圳州杭蘇武漢汉重慶庆成都山河湖川浙閩闽贛赣皖豫
冀魯遼辽吉黑陝陕甘青寧夏蒙藏雲云貴贵桂瓊琼高雄桃園园竹中彰化嘉義义屏宜蘭花蓮莲九龍界
一二三四五六七八九十百千甲乙丙丁戊有限股份集團团
偉伟芳娜敏靜静秀英麗丽強强磊軍军洋勇艷艳豔傑杰娟濤涛明超霞剛刚婷雪玉紅红志建國国春輝辉鵬鹏飛飞波斌宇浩凱凯健俊峰
鑫鈺钰琪琳佳怡欣雅萱詩诗涵宏家豪承恩廷庭冠翰子軒轩梓晨曦瑞思淑惠美珍雲鳳凤蓮梅蘭竹菊香月桂燕玲萍莉嘉穎颖慧潔洁晶
倩媛蓉莎薇柔筱若心怡君彥彦佑祐柏銘铭哲宗翰志宏俊傑信宏文雄正義德福祿壽仁智勇光榮荣華貴富民生永安康平和順顺利達达
立興兴旺盛隆昌茂林森海江河清波濱滨洪源泉水天地星晨陽曉晓旭昊然博學学文武斌才能力維新進进步成功勝胜凱旋忠孝誠诚信義
善良賢贤良友世代祖先宗耀寶宝金銀银玉珠琴棋書畫画樂乐歌舞音韻韵
的是不了在有我他這这個个們们來来到說说和地也得就那要出会可以時时年看生而去過过下能對对多然于心作自之後后行所么麼本當
当沒没成只如動动方面樣样學学實实愛爱無无情想道名正外好用同現现進进種种間間意什最老特別入合與与其及由從从
"""
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8", "utf-8"),
    (b"\xff\xfe", "utf-16-le", "utf-16"),
    (b"\xfe\xff", "utf-16-be", "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030", "gb18030"),
)
_CANDIDATES = (("gb18030", "gb18030"), ("cp950", "big5"), ("big5hkscs", "big5hkscs"))
_SAMPLE_CHARS = 20_000
_STRANGE = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "So", "Ll", "Lu"))
"""Categories that Chinese text hardly has beyond ASCII, and wrong readings have plenty of (Greek, Cyrillic,
box drawing, private use)."""


def decode(data: bytes) -> tuple[str, str]:
    """The text without a byte order mark, and the encoding's name. Raises `unknown_encoding`."""
    for mark, codec, name in _MARKS:
        if data.startswith(mark):
            text = _read(data[len(mark) :], codec)
            if text is None:
                raise StaffListUnreadable("unknown_encoding")
            return text, name
    if (text := _read(data, "utf-8")) is not None:
        return text, "utf-8"
    readings = [(text, name) for codec, name in _CANDIDATES if (text := _read(data, codec)) is not None]
    # `max` keeps the first of equals: what is Big5 is read the same by Big5's Hong Kong extension.
    best = max(readings, key=lambda reading: _likeness(reading[0]), default=("", ""))
    if _likeness(best[0]) <= 0:
        raise StaffListUnreadable("unknown_encoding")
    return best


def _read(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


def _likeness(text: str) -> float:
    """How much a text looks like a staff list: the mean weight of its characters beyond ASCII."""
    sample = list(islice((character for character in text if character > "\x7f"), _SAMPLE_CHARS))
    if not sample:
        return 0.0
    office, everyday = _office(), _everyday()
    return sum(_weight(character, office, everyday) for character in sample) / len(sample)


def _weight(character: str, office: frozenset[str], everyday: frozenset[str]) -> int:
    if character in office:
        return 4
    if character in everyday:
        return 1
    return -2 if unicodedata.category(character) in _STRANGE else 0


@cache
def _office() -> frozenset[str]:
    return frozenset("".join(_OFFICE.split()))


@cache
def _everyday() -> frozenset[str]:
    """The first levels of GB 2312 (3,755 characters) and of Big5 (5,401): what people read every day."""
    gb = bytes(byte for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF) for byte in (high, low))
    lows = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    big5 = bytes(byte for high in range(0xA4, 0xC7) for low in lows for byte in (high, low))
    return frozenset(gb.decode("gb2312", "ignore") + big5.decode("big5", "ignore"))
