"""What the title of a column says, in the languages that people use for their tables, English and Chinese above all."""

from __future__ import annotations

import re
from typing import Literal

Meaning = Literal["old", "new", "address", "name", "other", ""]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


OLD = _words("""
    old current cur existing present before source src previous prev original orig
    alt alte alter bisherige ancien ancienne actuel actuelle antiguo antigua viejo vieja actual vecchio attuale antigo
    старый текущий 古い 기존
    旧 旧的 舊 原 原来 原來 原有 原始 老 现 现有 现在 现用 現有 現在 当前 當前 源 改前
    变更前 更改前 修改前 迁移前 调整前 更换前
""")
NEW = _words("""
    new target future proposed replacement planned next desired wanted after destination dest dst
    neu neue neuer ziel nouveau nouvelle cible nuevo nueva nuovo nuova novo nova
    новый 新しい 신규
    新 新的 目标 目標 目的 规划 计划 改后
    变更后 更改后 修改后 迁移后 调整后 更换后
""")
NAMES = _words("""
    name names host hosts hostname hostnames node nodes nodename member members membername
    server servers servername machine machines rechner rechnername knoten nom hôte nombre nome
    имя хост узел ホスト ホスト名 名前 이름 호스트
    主机 主机名 主机名称 主機 主機名 主機名稱 节点 节点名 节点名称 節點 節點名 節點名稱 名称 名稱 名字 名
    成员 成员名 成员名称 成員 成員名稱 机器 机器名 机器名称 服务器 服务器名 服务器名称
""")
OTHERS = _words("""
    role roles site sites zone region rack dc datacenter datacentre location type kind status state id no nr num
    number index seq serial asset inventory tag tags os version env environment cluster group
    comment comments note notes remark remarks description user port gateway gw netmask mask vip
    角色 机房 机柜 位置 地点 站点 区域 可用区 编号 编码 序号 资产 资产编号 资产号 类型 状态 备注 说明 用途 环境 集群
    系统 版本 用户 网关 掩码 端口
""")
WHOLE = {
    "o": "old",
    "n": "new",
    "from": "old",
    "to": "new",
    "was": "old",
    "is": "new",
    "从": "old",
    "到": "new",
}  # words too short inside a title
NEUTRAL = {"etcd", "kubernetes", "kube", "k8s", "inventory"}
FIRST = (  # a title without blanks: 旧主机地址
    (re.compile(r"旧|舊|原|老|现|現|当前|當前|(变更|更改|修改|迁移|调整|更换)前"), "old"),
    (re.compile(r"新|目标|目標|(变更|更改|修改|迁移|调整|更换|改)[后後为至到成]"), "new"),
)
ADDRESS = re.compile(
    r"ip(v[46])?[-_ ]*(address|adresse|addr|地址|アドレス)|ipv[46]|ip"
    r"|addresse?s?|adresse?|addr|地址|アドレス|адрес|주소|direcci[oó]n"
)


def meaning(title: str, holds_addresses: bool) -> Meaning:
    """What a column of this title is for; `` where the title is not understood.

    A host's column that holds addresses is one of addresses: `name, host, new`.
    """
    folded = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", title).casefold()
    words = [word for word in re.split(r"[\W_]+", folded) if word]
    rest = [base for word in words if (base := _without_address(word))]
    said: Meaning = ""
    if not words:
        return "other" if title.strip() else ""
    if not rest:
        return "address"
    if len(rest) == 1 and rest[0] in WHOLE:
        said = "old" if WHOLE[rest[0]] == "old" else "new"
        return "name" if rest[0] == "n" and not holds_addresses else said
    is_old, is_new = (_says(rest, known, side) for known, side in ((OLD, "old"), (NEW, "new")))
    if is_old or is_new:
        return "" if is_old and is_new else "old" if is_old else "new"
    core = [word for word in rest if word not in NEUTRAL] or rest
    if all(word in NAMES for word in core):
        return "address" if holds_addresses else "name"
    return "other" if any(word in OTHERS for word in rest) else ""


def is_title(word: str) -> bool:
    """A word that says what stands beside or below it, and is the name of no member; `new-master1` is one."""
    words = [base for part in re.split(r"[\W_]+", word.casefold()) if (base := _without_address(part))]
    return len(words) < 2 and meaning(word, False) in ("old", "new", "address")


def is_title_with_network(text: str) -> bool:
    """`old (10.2.0.0/24)`, `new 10.3.0.x`: a title that says where its addresses are."""
    match = re.fullmatch(r"([^\d(\[]+?)\s*[(\[]?[0-9a-fA-F][0-9a-fA-F.:]*[0-9xX*.:]*(?:/\d+)?[)\]]?", text)
    return match is not None and is_title(match[1])


def is_outside(title: str) -> bool:
    """`EXTERNAL-IP`: what others call a host by, and no address of etcd."""
    return bool(re.search(r"(?<![a-z])external", title, re.IGNORECASE))


def are_titles(text: str) -> bool:
    """A line of nothing but titles, an old or a new address among them."""
    words = [word for word in re.split(r"[,;|\s]+", text) if word]
    means = {meaning(word, True) for word in words}
    return len(words) > 1 and "" not in means and bool(means & {"old", "new"})


def folded(title: str) -> str:
    """A title without what people leave out when they write it again: capitals, blanks, underscores."""
    return re.sub(r"[\W_]+", "", title).casefold() or title.strip()


def is_suffix(word: str) -> bool:
    """The second word of one title in a table that blanks separate: `old IP`, `node name`."""
    return not _without_address(word.casefold()) or word.casefold() in {"name", "名称", "名"}


def _says(words: list[str], known: frozenset[str], side: str) -> bool:
    return any(word in known or any(s == side and first.match(word) for first, s in FIRST) for word in words)


def _without_address(word: str) -> str:
    return word if word in OTHERS else re.sub(rf"^(?:{ADDRESS.pattern})(?![a-z])|(?:{ADDRESS.pattern})$", "", word)
