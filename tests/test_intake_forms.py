# ruff: noqa: RUF001  full-width signs are what is tested
"""What people paste into `init --from`, one case for each form, and its members."""

import pytest
from etcd_renumber.inputs.tables.read import read_table

from tests.pasted import (
    BOTH,
    DRAWN,
    FIELDS,
    HOSTS,
    INI,
    INITIAL,
    JSON,
    KUBEKEY,
    LISTED,
    NODES,
    NODES_JSON,
    OLD,
    PRINTED,
    SIMPLE,
    TWO,
    WARNING,
    YAML,
    members,
    table,
)

READ = [
    ("member list, simple, of 3.3", SIMPLE.replace(", false", ""), OLD),
    ("member list, table, drawn as 3.7 does", DRAWN, OLD[:1]),
    ("member list, json in one line", JSON, OLD),
    ("member list, json through a formatter", JSON.replace("{", "{\n  ").replace("],", "],\n\t"), OLD),
    ("member list, json, a command and a warning above", f"$ etcdctl member list -w json\n{WARNING}{JSON}\n", OLD),
    ("the answer of etcd's gateway, ids in texts", JSON.replace("9372538179322589801,", '"9372538179322589801",'), OLD),
    ("member list, fields", FIELDS, OLD),
    ("member list, fields, below a warning", WARNING + FIELDS, OLD),
    ("a warning of etcdctl above the list", WARNING + SIMPLE, OLD),
    ("a warning of etcdctl between", SIMPLE.replace("\n", f"\n{WARNING}", 1), OLD),
    ("a member called like an id", SIMPLE.replace("cp1", "deadbeef01"), [("deadbeef01", "10.2.0.1", None), OLD[1]]),
    ("a member called started", SIMPLE.replace("cp1", "started"), [("started", "10.2.0.1", None), OLD[1]]),
    ("a client URL elsewhere is not the new address", SIMPLE.replace("10.2.0.1:2379", "10.3.0.1:2379"), OLD),
    ("nodes, wide: workers left out, EXTERNAL-IP not new", NODES, OLD),
    ("nodes, custom columns up to EXTERNAL-IP", "\n".join(line[:89] for line in NODES.splitlines()), OLD),
    ("nodes without titles", NODES.partition("\n")[2], OLD),
    ("nodes called by their address", NODES.replace("cp1 ", "10.2.0.1 "), [("10.2.0.1", "10.2.0.1", None), OLD[1]]),
    ("one node called by its address", "NAME STATUS ROLES AGE VERSION INTERNAL-IP\n10.2.0.1 Ready master 2h v1.18.0 10.2.0.1",
     [("10.2.0.1", "10.2.0.1", None)]),
    ("nodes with their command", "root@cp1:~# kubectl get nodes -o wide\n" + NODES, OLD),
    ("nodes as json", NODES_JSON, OLD[:1]),
    ("an inventory, equal addresses", INI, OLD),
    ("an inventory without groups", INI.partition("\n\n")[0].partition("\n")[2].replace("w1", "cp3"),
     [*OLD, ("cp3", "10.2.0.21", None)]),
    ("an inventory with a variable of some hosts", "cp1 ansible_host=10.2.0.1 ip=10.2.0.1\ncp2 ansible_host=10.2.0.2", OLD),
    ("an inventory with names to connect to", "cp1 ansible_host=a.org ip=10.2.0.1\ncp2 ansible_host=b.org ip=10.2.0.2", OLD),
    ("a list of names and addresses", "- cp1: 10.2.0.1\n- cp2: 10.2.0.2", OLD),
    ("an inventory in YAML", YAML, OLD),
    ("what ansible-inventory --list prints", LISTED, OLD),
    ("KubeKey's config", KUBEKEY, OLD),
    ("the hosts of KubeKey's config alone", "\n".join(KUBEKEY.splitlines()[4:6]), OLD),
    ("two documents, one with the hosts", f"kind: Cluster\nmetadata: {{}}\n---\n{KUBEKEY}", OLD),
    ("nodes in YAML", "nodes:\n" + "".join(f"- hostname: {a}\n  address: {b}\n  role: [etcd]\n" for a, b, _ in OLD), OLD),
    ("a name with its addresses below it", "cp1:\n  new: 10.3.0.1\n  old: 10.2.0.1\n", BOTH[:1]),
    ("the same in JSON", '{"cp1": {"new": "10.3.0.1", "old": "10.2.0.1"}}', BOTH[:1]),
    ("records in JSON", '[{"node":"cp1","new":"10.3.0.1","old":"10.2.0.1"}]', BOTH[:1]),
    ("a mapping", "members:\n" + "".join(f"  - {{name: {a}, old: {b}, new: {c}}}\n" for a, b, c in BOTH), BOTH),
    ("/etc/hosts", HOSTS, OLD),
    ("lines of /etc/hosts", "10.2.0.1 cp1 cp1.example.org\n10.2.0.2 cp2", OLD),
    ("--initial-cluster of a manifest", f"    - {INITIAL}\n    - --initial-cluster-state=existing", OLD),
    ("--initial-cluster of a unit", f"ExecStart=/usr/bin/etcd --name cp1 \\\n  {INITIAL} \\\n  --data-dir=/x", OLD),
    ("ETCD_INITIAL_CLUSTER", 'ETCD_NAME="cp1"\nETCD_INITIAL_CLUSTER="' + INITIAL.partition("=")[2] + '"', OLD),
    ("--initial-cluster among other variables",
     "ETCD_LISTEN_PEER_URLS=https://10.2.0.1:2380\nETCD_INITIAL_CLUSTER=" + INITIAL.partition("=")[2], OLD),
    ("--initial-cluster in JSON", f'{{"command": ["etcd", "{INITIAL}", "--x"]}}', OLD),
    ("the value of --initial-cluster alone", INITIAL.partition("=")[2], OLD),
    ("full-width commas", "主机名，旧IP，新IP\ncp1，10.2.0.1，10.3.0.1\ncp2，10.2.0.2，10.3.0.2", BOTH),
    ("full-width colons and semicolons", "cp1：10.2.0.1；10.3.0.1\ncp2：10.2.0.2；10.3.0.2", BOTH),
    ("full-width digits and blanks", "cp1　１０.2.0.1　10.3.0.1", BOTH[:1]),
    ("enumeration commas", "cp1、10.2.0.1、10.3.0.1\ncp2、10.2.0.2、10.3.0.2", BOTH),
    ("arrows", "cp1: 10.2.0.1 -> 10.3.0.1\ncp2: 10.2.0.2->10.3.0.2", BOTH),
    ("arrows in Chinese", "cp1：10.2.0.1→10.3.0.1\ncp2：10.2.0.2 → 10.3.0.2", BOTH),
    ("arrows back to the old address", "cp1: 10.3.0.1 <- 10.2.0.1\ncp2 10.3.0.2 <= 10.2.0.2", BOTH),
    ("arrows back in Chinese", "cp1：10.3.0.1←10.2.0.1\ncp2：10.3.0.2 ⇐ 10.2.0.2", BOTH),
    ("arrows in both directions", "cp1: 10.2.0.1 -> 10.3.0.1\ncp2: 10.3.0.2 <-- 10.2.0.2", BOTH),
    ("an arrow back, and no new address yet", "cp1: TBD <- 10.2.0.1", OLD[:1]),
    ("what init prints itself", PRINTED, BOTH),
    ("what init prints where it knows no new address", "  cp1  10.2.0.1 -> unknown: write it into mapping.yaml", OLD[:1]),
    ("name and address with a colon", "cp1: 10.2.0.1\ncp2: 10.2.0.2", OLD),
    ("columns new, old, name", table("new,old,name", "won"), BOTH),
    ("columns in Chinese, new before old", table("主机名,新IP,旧IP", "nwo"), BOTH),
    ("the titles of a German table", table("Neu;Alt;Rechner", "won", ";"), BOTH),
    ("titles of two words, blanks between the columns", table("Node Name  New IP  Old IP", "nwo", "  "), BOTH),
    ("current and target", table("target_ip\tcurrent_ip\thost", "won", "\t"), BOTH),
    ("an address and a new one", table("host,new ip,ip", "nwo"), BOTH),
    ("a markdown table, new before old", table("| new | old | node |", "won", "|"), BOTH),
    ("a site before the name", table("site,host,old,new", "xnow"), BOTH),
    ("a role in Chinese before the name", table("角色,节点名称,原IP地址,目标IP地址", "xnow"), BOTH),
    ("an inventory number before the name", table("inventory;hostname;old ip;new ip", "xnow", ";"), BOTH),
    ("a running number, blanks", table("#  new  old  name", "xwon", "  ").replace("fra", ""), BOTH),
    ("a running number, tabs", table("#\tnew\told\tname", "xwon", "\t").replace("fra", ""), BOTH),
    ("a running number", table("#,name,old,new", "xnow").replace("fra", ""), BOTH),
    ("names that are addresses", "host,old,new\n10.2.0.1,10.2.0.1,10.3.0.1", [("10.2.0.1", "10.2.0.1", "10.3.0.1")]),
    ("a new address that is open", "name,old,new\ncp1,10.2.0.1,\ncp2,10.2.0.2,TBD", OLD),
    ("quotes, a title with a line break", 'name,"old\nIP","new\nIP"\n"cp1","10.2.0.1","10.3.0.1"', BOTH[:1]),
    ("Excel's first line", "sep=;\n" + table("new;old;name", "won", ";"), BOTH),
    ("a sentence above a table without titles", "These hosts get other addresses\n" + table("", "now", " "), BOTH),
    ("titles in a comment", f"# {table('new old name', 'won', ' ')}", BOTH),
    ("a sentence below the titles", table("new,old,name\n(see the ticket)", "won"), BOTH),
    ("networks in titles", table("new (10.3.0.0/24),old (10.2.0.0/24),name", "won"), BOTH),
    ("networks in titles, with x", table("new 10.3.0.x,old 10.2.0.x,name", "won"), BOTH),
    ("titles twice", table("new,old,name", "won") + "\n" + table("new,old,name", "won"), BOTH),
    ("a word at each address", "cp1 old=10.2.0.1 new=10.3.0.1\ncp2 new=10.3.0.2 old=10.2.0.2", BOTH),
    ("a word at each address and at the name", "主机：cp1，新IP：10.3.0.1，旧IP：10.2.0.1", BOTH[:1]),
    ("netmasks", "host,old mask,old ip,mask,new ip\ncp1,255.255.255.0,10.2.0.1,255.255.255.0,10.3.0.1", BOTH[:1]),
    ("a comment in which an address occurs", 'new,old,name,comment\n10.3.0.1,10.2.0.1,cp1,"was 10.1.0.1, and moved"', BOTH[:1]),
    ("an arrow, and the name in brackets", "IP: 10.2.0.1 -> 10.3.0.1 (cp1)", BOTH[:1]),
    ("a member called new-master1", "new-master1: 10.2.0.1", [("new-master1", "10.2.0.1", None)]),
    ("kubeasz' inventory: hosts are addresses",
     "[etcd]\n10.2.0.1 NODE_NAME=cp1\n10.2.0.2 NODE_NAME=cp2\n[kube_node]\n10.2.0.3", OLD),
    ("a sentence of known words above it", "These are the new hosts\n" + table("", "now", " "), BOTH),
    ("names that differ in capitals only", "CP1 10.2.0.1 10.3.0.1\ncp1 10.2.0.2 10.3.0.2",
     [("CP1", *BOTH[0][1:]), ("cp1", *BOTH[1][1:])]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "rows"), READ, ids=[case[0] for case in READ])
def test_a_form_is_read(name: str, text: str, rows: list[tuple[str, str, str | None]]) -> None:
    assert members(text) == rows


CHOSEN = [
    ("columns in their order", "fra1 cp1 10.3.0.1 10.2.0.1", "-,name,new,old", None, BOTH[:1]),
    ("columns in their order, below titles", table("a,b,c,d", "xnow"), "-,name,old,new", None, BOTH),
    ("a gateway that is not read", "name,old,new,gw\ncp1,10.2.0.1,10.3.0.1,10.3.0.254", "name,old,new,-", None, BOTH[:1]),
    ("titles", table("box,first,second,place", "nowx"), "name=box,new=Second,old=first", None, BOTH),
    ("a variable", TWO, "old=ip", None, OLD),
    ("two variables", TWO, "old=ip,new=ansible_host", None,
     [("cp1", "10.2.0.1", "203.0.113.1"), ("cp2", "10.2.0.2", "203.0.113.2")]),
    ("the name of the member", TWO.replace("ip=", "etcd_member_name=e ip="), "name=inventory_hostname,old=ip", None, OLD),
    ("a group", INI, None, "kube_node", [("w1", "10.2.0.21", None)]),
    ("all hosts", INI, None, "all", [*OLD, ("w1", "10.2.0.21", None)]),
    ("keys of KubeKey", KUBEKEY.replace("address: 10.2", "address: 203.2"), "old=internalAddress", None, OLD),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "columns", "group", "rows"), CHOSEN, ids=[case[0] for case in CHOSEN])
def test_the_user_says_which_column_is_which(
    name: str, text: str, columns: str | None, group: str | None, rows: list[tuple[str, str, str | None]]
) -> None:
    assert members(text, columns, group) == rows


NOTED = [
    ("workers", NODES, ["left out: w1, which is a worker by ROLES", "EXTERNAL-IP is not read", "203.0.113.1 of cp1"]),
    ("no roles", "NAME INTERNAL-IP\ncp1 10.2.0.1", ["the column ROLES is not there"]),
    ("hosts outside of the group", INI, ["left out: w1, not in the group of the members", "--group"]),
    ("/etc/hosts", HOSTS, ["every host of it", "not cp1.example.org", "etcd --name"]),
    ("--initial-cluster", INITIAL, ["compare it with `etcdctl member list`"]),
    (
        "titles",
        table("new,old,name", "won"),
        ["the name from name, the old address from old, the new address from new"],
    ),
    ("a learner", SIMPLE.replace("false", "true"), ["cp1 is a learner"]),
    ("a member that stays", "name,old,new\ncp1,10.2.0.1,10.2.0.1", ["write `stays: true`"]),
    ("an arrow to itself", "cp1 10.2.0.1 -> 10.2.0.1", ["write `stays: true`"]),
]


@pytest.mark.parametrize(("name", "text", "words"), NOTED, ids=[case[0] for case in NOTED])
def test_what_was_left_out_or_should_be_known_is_said(name: str, text: str, words: list[str]) -> None:
    read = read_table(text)
    assert read.problems == ()
    assert [word for word in words if word not in "\n".join(read.notes)] == []
