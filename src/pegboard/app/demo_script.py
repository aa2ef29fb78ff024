"""The demonstration company: its people, and what they said today. Names and numbers are made up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

COMPANY = "釘板示範公司"
DAY = timedelta(hours=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One line of the staff list."""

    userid: str
    name: str
    title: str
    departments: str
    manager: str = "mei"
    mobile: str = ""

    @property
    def email(self) -> str:
        return f"{self.userid}@demo.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message, so many minutes before the company is made. `reply_to` is the number of a line above."""

    who: str
    minutes_ago: int
    text: str
    reply_to: int | None = None
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The first member begins it; without a name it is direct. `unread`: how many lines somebody has not seen."""

    name: str = ""
    members: tuple[str, ...]
    lines: tuple[Line, ...]
    unread: Mapping[str, int] = field(default_factory=dict)


def _team(departments: str, manager: str, *people: tuple[str, str, str]) -> list[Person]:
    return [
        Person(
            userid=userid,
            name=name,
            title=title,
            departments=departments,
            manager=manager if userid != manager else "mei",
        )
        for userid, name, title in people
    ]


OWNER = Person(userid="mei", name="林美玲", title="總經理", departments="總經理室", manager="")

PEOPLE: tuple[Person, ...] = (
    OWNER,
    *_team(
        "研發部", "zhiwei",
        ("zhiwei", "陳志偉", "研發部經理"), ("yating", "黃雅婷", "資深工程師"), ("junhong", "張俊宏", "後端工程師"),
        ("peiyu", "李佩瑜", "前端工程師"), ("guanlin", "吳冠霖", "測試工程師"), ("sihan", "蔡思涵", "產品設計師"),
    ),
    *_team(
        "業務部", "jiahao",
        ("jiahao", "王家豪", "業務部經理"), ("shufen", "劉淑芬", "資深業務"), ("boxiang", "鄭博翔", "業務專員"),
        ("yiting", "許怡婷", "業務專員"),
    ),
    *_team(
        "業務部/客戶服務組", "wanru",
        ("wanru", "曾婉如", "客服組長"), ("zonghan", "賴宗翰", "客服專員"), ("xinyi", "周欣怡", "客服專員"),
    ),
    *_team(
        "生產部", "mingde",
        ("mingde", "許明德", "廠長"), ("qingfa", "郭清發", "生產組長"), ("liyun", "江麗雲", "品管工程師"),
        ("wenbin", "何文彬", "設備工程師"), ("yuhan", "羅雨涵", "倉管"),
    ),
    *_team(
        "財務部", "huiling",
        ("huiling", "謝慧玲", "財務長"), ("yixin", "潘怡欣", "會計"), ("jinlong", "簡金龍", "出納"),
    ),
    *_team(
        "人力資源部", "shuhui",
        ("shuhui", "楊淑惠", "人資經理"), ("chengen", "邱承恩", "招募專員"), ("jiaqi", "方嘉琪", "行政專員"),
    ),
    *_team(
        "資訊部", "yaozong",
        ("yaozong", "蕭耀宗", "資訊經理"), ("kaiwen", "葉凱文", "系統管理員"), ("zixuan", "廖子軒", "網路工程師"),
    ),
)  # fmt: skip

_LEADS = ("mei", "zhiwei", "jiahao", "mingde", "huiling", "shuhui", "yaozong")

CONVERSATIONS: tuple[Conversation, ...] = (
    Conversation(
        name="主管晨會",
        members=_LEADS,
        lines=(
            Line(who="mei", minutes_ago=500, text="早安，今天晨會移到線上，請各位先寫一下重點。"),
            Line(who="zhiwei", minutes_ago=496, text="研發：2.4 版今天下午進測試，還剩三個問題要修。"),
            Line(who="jiahao", minutes_ago=494, text="業務：大同客戶的合約條款談好了，剩下付款天數要請慧玲看一下。"),
            Line(who="huiling", minutes_ago=490, text="可以接受 60 天，但第一期要先收 30%。", reply_to=2),
            Line(who="mingde", minutes_ago=487, text="生產：二號線昨晚換模完成，良率 98.7%，今天恢復兩班。"),
            Line(who="shuhui", minutes_ago=485, text="人資：下週三健檢，名單下午發到各部門群。"),
            Line(who="yaozong", minutes_ago=482, text="資訊：今晚十點到十一點機房換 UPS，內部系統會斷線約十分鐘。"),
            Line(
                who="mei", minutes_ago=478, text="收到，謝謝大家。家豪請把合約的最後版本放上來。", mentions=("jiahao",)
            ),
            Line(who="jiahao", minutes_ago=430, text="好，中午前給您。"),
            Line(who="jiahao", minutes_ago=190, text="合約已寄給法務，預計明天簽回。"),
        ),
        unread={"mingde": 1, "shuhui": 2, "mei": 0},
    ),
    Conversation(
        name="2.4 版上線",
        members=("zhiwei", "yating", "junhong", "peiyu", "guanlin", "sihan", "mei"),
        lines=(
            Line(who="zhiwei", minutes_ago=400, text="上線檢查清單我整理好了，請各自認領，下班前打勾。"),
            Line(who="guanlin", minutes_ago=372, text="回歸測試跑完了，412 項通過，3 項失敗：都和匯出有關。"),
            Line(who="junhong", minutes_ago=365, text="匯出那三項是同一個原因，時區少算八小時，我來修。", reply_to=1),
            Line(
                who="peiyu",
                minutes_ago=341,
                text="手機版的側邊欄在小螢幕會蓋到按鈕，剛剛修好，麻煩冠霖再看一次。",
                mentions=("guanlin",),
            ),
            Line(who="guanlin", minutes_ago=322, text="看過了，iPhone SE 和折疊機都正常 👍"),
            Line(who="junhong", minutes_ago=255, text="修好了，測試環境已更新。"),
            Line(who="guanlin", minutes_ago=231, text="三項都過了。"),
            Line(
                who="sihan",
                minutes_ago=140,
                text="更新說明的文案在這裡：\n一、清單可以排序\n二、匯出支援時區\n三、手機版面調整",
            ),
            Line(who="yating", minutes_ago=96, text="資料庫遷移我在備份上試過，四十秒，不用停機。"),
            Line(who="zhiwei", minutes_ago=41, text="那就照計畫明早七點上線，我和俊宏值班。", mentions=("junhong",)),
            Line(who="mei", minutes_ago=22, text="辛苦了，上線後請客戶服務組也同步一下。"),
            Line(who="junhong", minutes_ago=9, text="沒問題，回滾步驟我也寫進清單了。"),
        ),
        unread={"mei": 1, "sihan": 3, "peiyu": 2, "yating": 1},
    ),
    Conversation(
        name="大同專案",
        members=("jiahao", "shufen", "boxiang", "wanru", "zhiwei", "mei"),
        lines=(
            Line(who="shufen", minutes_ago=350, text="客戶問能不能把驗收日提前到 12 月 5 日。"),
            Line(who="jiahao", minutes_ago=344, text="志偉，研發這邊可以嗎？", mentions=("zhiwei",)),
            Line(who="zhiwei", minutes_ago=338, text="功能可以，但報表要少一張，之後補。", reply_to=1),
            Line(who="shufen", minutes_ago=300, text="我和客戶確認，報表分兩次交付他們接受。"),
            Line(who="boxiang", minutes_ago=206, text="教育訓練的場地訂好了，12 月 8 日下午，可以坐四十人。"),
            Line(who="wanru", minutes_ago=118, text="客服教材我請宗翰準備，週五給大家看初稿。"),
            Line(who="jiahao", minutes_ago=64, text="@所有人 合約明天簽回，請不要先對外說。", mentions=("all",)),
        ),
        unread={"mei": 2, "boxiang": 1, "wanru": 1},
    ),
    Conversation(
        name="二號線設備",
        members=("mingde", "qingfa", "wenbin", "liyun", "yuhan"),
        lines=(
            Line(who="wenbin", minutes_ago=470, text="換模完成，試產兩百件，尺寸都在公差內。"),
            Line(who="liyun", minutes_ago=452, text="首件檢驗通過，報告已歸檔。"),
            Line(who="qingfa", minutes_ago=330, text="油壓站溫度偏高，55 度，先降速到 80%。"),
            Line(who="wenbin", minutes_ago=312, text="冷卻器濾網堵了，已清，現在 43 度。", reply_to=2),
            Line(who="mingde", minutes_ago=300, text="好，恢復正常速度，下班前再記一次溫度。"),
            Line(who="yuhan", minutes_ago=75, text="濾網剩兩片，我下單補十片。"),
        ),
        unread={"mingde": 1, "liyun": 1},
    ),
    Conversation(
        name="午餐團購 🍱",
        members=("jiaqi", "peiyu", "xinyi", "yixin", "kaiwen", "chengen", "mei"),
        lines=(
            Line(who="jiaqi", minutes_ago=420, text="今天訂排骨飯，要的十點半前回我。"),
            Line(who="peiyu", minutes_ago=416, text="+1，飯少。"),
            Line(who="kaiwen", minutes_ago=411, text="+1"),
            Line(who="xinyi", minutes_ago=405, text="+1 換素食，謝謝！"),
            Line(who="mei", minutes_ago=402, text="我也要一份 😄"),
            Line(who="jiaqi", minutes_ago=390, text="共五份，十二點送到一樓。"),
            Line(who="jiaqi", minutes_ago=290, text="便當到了～"),
        ),
        unread={"chengen": 3, "yixin": 1},
    ),
    Conversation(
        members=("zhiwei", "mei"),
        lines=(
            Line(who="zhiwei", minutes_ago=160, text="美玲姐，雅婷的升等資料我寫好了，您有空時看一下。"),
            Line(who="mei", minutes_ago=151, text="好，我晚上看。她今年表現很穩。"),
            Line(who="zhiwei", minutes_ago=12, text="另外明早上線完我想請大家吃早餐，可以報公帳嗎？"),
        ),
        unread={"mei": 1},
    ),
    Conversation(
        members=("huiling", "mei"),
        lines=(
            Line(who="huiling", minutes_ago=260, text="十一月的報表出來了，營收比去年同期多 12%。"),
            Line(who="mei", minutes_ago=250, text="太好了，毛利呢？"),
            Line(who="huiling", minutes_ago=244, text="38.2%，原料降價有幫助。明細下午送到您桌上。"),
        ),
    ),
    Conversation(
        members=("jiaqi", "mei"),
        lines=(
            Line(who="jiaqi", minutes_ago=35, text="總經理，下午四點的訪客改到四點半，會議室已調整。"),
            Line(who="jiaqi", minutes_ago=34, text="停車位也留好了，B1-07。"),
        ),
        unread={"mei": 2},
    ),
    Conversation(
        members=("yaozong", "kaiwen"),
        lines=(
            Line(who="yaozong", minutes_ago=210, text="今晚換 UPS，你負責關虛擬機的順序，清單照上次的。"),
            Line(who="kaiwen", minutes_ago=203, text="好，我九點半先發一次提醒。"),
        ),
    ),
)
