# ruff: noqa: RUF001  full-width signs are what is tested
"""What people paste into `init --from`, one case for each form: its members, or the words of its refusal."""

import itertools
import json

import pytest
import yaml
from etcd_renumber.errors import Refused
from etcd_renumber.inputs.tables.choice import choice
from etcd_renumber.inputs.tables.read import read_table
from etcd_renumber.inputs.tables.titles import meaning
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.test_cli import cli

BOTH = [("cp1", "10.2.0.1", "10.3.0.1"), ("cp2", "10.2.0.2", "10.3.0.2")]
OLD = [(name, old, None) for name, old, _ in BOTH]
WARNING = (
    '{"level":"warn","ts":"2026-01-01T10:00:00.000Z","target":"etcd-endpoints://0xc0/10.2.0.1:2379","attempt":0}\n'
)
SIMPLE = "".join(
    f"8e9e05c52164694{n}, started, {name}, https://{old}:2380, https://{old}:2379, false\n"
    for n, (name, old, _) in enumerate(OLD)
)
JSON = (
    '{"header":{"member_id":9372538179322589801,"raft_term":2},"members":['
    '{"ID":9372538179322589801,"name":"cp1","peerURLs":["https://10.2.0.1:2380"],"clientURLs":["https://10.9.0.1:2379"]},'
    '{"ID":10501334649042878790,"name":"cp2","peerURLs":["https://10.2.0.2:2380"],"clientURLs":["https://10.2.0.2:2379"]}]}'
)
FIELDS = '"ClusterID" : 1\n"MemberID" : 9372538179322589801\n"RaftTerm" : 2\n' + "".join(
    f'"ID" : 937253817932258980{n}\n"Name" : "{name}"\n"PeerURL" : "https://{old}:2380"\n'
    f'"ClientURL" : "https://{old}:2379"\n"IsLearner" : false\n\n'
    for n, (name, old, _) in enumerate(OLD)
)
DRAWN = (
    "┌─────────────────┬─────────┬──────┬───────────────────────┬──────────────┬────────────┐\n"
    "│        ID       │ STATUS  │ NAME │      PEER ADDRS       │ CLIENT ADDRS │ IS LEARNER │\n"
    "├─────────────────┼─────────┼──────┼───────────────────────┼──────────────┼────────────┤\n"
    "│ 8e9e05c52164694 │ started │  cp1 │ https://10.2.0.1:2380 │              │      false │\n"
    "└─────────────────┴─────────┴──────┴───────────────────────┴──────────────┴────────────┘\n"
)
NODES = """NAME  STATUS                    ROLES                 AGE   VERSION  INTERNAL-IP  EXTERNAL-IP  OS-IMAGE            CONTAINER-RUNTIME
cp1   Ready                     control-plane,master  412d  v1.28.9  10.2.0.1     203.0.113.1  Ubuntu 22.04.3 LTS  containerd://1.7.11
cp2   Ready,SchedulingDisabled  etcd                  412d  v1.28.9  10.2.0.2     <none>       Ubuntu 22.04.3 LTS  containerd://1.7.11
w1    Ready                     <none>                411d  v1.28.9  10.2.0.21    <none>       Ubuntu 22.04.3 LTS  containerd://1.7.11
"""  # noqa: E501
NODES_JSON = (
    '{"kind":"List","items":[{"kind":"Node","metadata":{"name":"cp1","labels":{"node-role.kubernetes.io/control-plane":""}},'
    '"status":{"addresses":[{"type":"InternalIP","address":"10.2.0.1"},{"type":"Hostname","address":"cp1"}]}},'
    '{"kind":"Node","metadata":{"name":"w1"},"status":{"addresses":[{"type":"InternalIP","address":"10.2.0.21"}]}}]}'
)
INI = """[all]
cp1 ansible_host=10.2.0.1 ip=10.2.0.1 ansible_user=root ansible_ssh_common_args='-o ProxyJump=10.9.9.9'
cp2 ansible_host=10.2.0.2 ip=10.2.0.2
w1  ansible_host=10.2.0.21 ip=10.2.0.21

[kube_control_plane]
cp1
cp2
[etcd:children]
kube_control_plane
[kube_node]
w1
[all:vars]
dns=10.2.0.53
"""
TWO = "cp1 ansible_host=203.0.113.1 ip=10.2.0.1\ncp2 ansible_host=203.0.113.2 ip=10.2.0.2\n"
YAML = """all:
  hosts:
    cp1: {ansible_host: 10.2.0.1, ip: 10.2.0.1}
    cp2:
      ansible_host: 10.2.0.2
      ip: 10.2.0.2
      ansible_password: !vault |
        $ANSIBLE_VAULT;1.1
    w1: {ansible_host: 10.2.0.21}
  children:
    kube_control_plane:
      hosts:
        cp1:
        cp2:
    etcd:
      children:
        kube_control_plane:
    kube_node:
      hosts:
        w1:
"""
LISTED = (
    '{"_meta":{"hostvars":{"cp1":{"ip":"10.2.0.1"},"cp2":{"ip":"10.2.0.2"},"w1":{"ip":"10.2.0.21"}}},'
    '"etcd":{"hosts":["cp1","cp2"]}}'
)
KUBEKEY = """apiVersion: kubekey.kubesphere.io/v1alpha2
kind: Cluster
spec:
  hosts:
  - {name: cp1, address: 10.2.0.1, internalAddress: 10.2.0.1, user: root}
  - {name: cp2, address: 10.2.0.2, internalAddress: 10.2.0.2, user: root}
  - {name: w1, address: 10.2.0.21, internalAddress: 10.2.0.21, user: root}
  roleGroups:
    etcd: [cp1, cp2]
    worker: [w1]
  network:
    kubePodsCIDR: 10.233.64.0/18
"""
HOSTS = """127.0.0.1   localhost localhost.localdomain  # its own
127.0.1.1   cp1
::1         localhost ip6-localhost
ff02::1     ip6-allnodes
10.2.0.1    cp1 cp1.example.org
10.2.0.2    cp2
"""
INITIAL = "--initial-cluster=cp1=https://10.2.0.1:2380,cp2=https://10.2.0.2:2380"
PRINTED = """understood, from addresses.csv:
  cp1  10.2.0.1 -> 10.3.0.1
  cp2  10.2.0.2 -> 10.3.0.2
  line 1 skipped: name,old,new 10.9.9.9
prod/mapping.yaml: check it, and fill in what is missing
scp 'root@10.2.0.1:/etc/kubernetes/manifests/*' prod/facts/cp1/manifests/
"""


def table(titles: str, order: str, sign: str = ",") -> str:
    """The members with these titles, their columns in the order of `n` (name), `o` (old), `w` (new), `x` (something)."""
    rows = [{"n": name, "o": old, "w": new, "x": f"fra{n}"} for n, (name, old, new) in enumerate(BOTH)]
    return "\n".join([titles, *(sign.join(row[letter] for letter in order) for row in rows)])


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


def members(text: str, columns: str | None = None, group: str | None = None) -> list[tuple[str, str, str | None]]:
    read = read_table(text, "t", choice(columns, group))
    assert [p.fact for p in read.problems] == []
    return [(r.name, str(r.old), str(r.new) if r.new else None) for r in read.rows]


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


STATUS = "https://10.2.0.1:2379, 8e9e05c52164694d, 3.5.9, 144 MB, false, false, 17, 38133364, 38133364, \n"
PEER = "8e9e05c52164694d, started, cp1, {}, https://10.2.0.1:2379, false\n"
UNSTARTED = "e38f7103cfd379b6, unstarted, , https://10.2.0.4:2380, , false\n"
NO_NAME = "e38f7103cfd379b6 (peer URL https://10.2.0.4:2380) has no name: it was added and has never started"
REFUSED = [
    ("endpoint status", STATUS, ["this is `etcdctl endpoint status`", "t:1", "give `etcdctl member list` instead"]),
    ("endpoint status as a table", "+--+\n| ENDPOINT | ID | VERSION |\n| 10.2.0.1:2379 | 8e | 3.5.9 |", ["endpoint status"]),
    ("endpoint status as a drawn table", "│ ENDPOINT │ ID │ VERSION │\n│ 10.2.0.1:2379 │ 8e │ 3.7.3 │", ["endpoint status"]),
    ("endpoint status as json", '[{"Endpoint":"https://10.2.0.1:2379","Status":{}}]', ["endpoint status"]),
    ("endpoint status in fields", '"ClusterID" : 1\n"Endpoint" : "https://10.2.0.1:2379"', ["endpoint status"]),
    ("endpoint health", "https://10.2.0.1:2379 is healthy: successfully committed proposal", ["endpoint health"]),
    ("json that is cut", JSON[:-40], ["begins as JSON and is none"]),
    ("json of something else", '{"a": {"b": 1}}', ["no members are found in this JSON", "etcdctl member list"]),
    ("an unstarted member", SIMPLE + UNSTARTED, [NO_NAME, "t:3", "etcdctl member remove e38f7103cfd379b6"]),
    ("an unstarted member in json", JSON.replace('"name":"cp1",', ""), ["8211f1d0f64f3269", "has never started"]),
    ("an unstarted member in fields", FIELDS.replace('"cp1"', '""'), ["has never started", "t:4"]),
    ("an unstarted member of etcd 2", "e38f[unstarted]: peerURLs=http://10.2.0.4:2380", ["e38f", "has never started"]),
    ("a peer URL with a name", PEER.format("https://cp1.example.org:2380"),
     ["cp1.example.org is no address", "its client URL has 10.2.0.1, which is not taken", "DNS", "write a CSV"]),
    ("a peer URL with localhost", PEER.format("http://localhost:2380"), ["cannot call localhost"]),
    ("a peer URL with 127.0.0.1", PEER.format("https://127.0.0.1:2380"),
     ["cannot call 127.0.0.1", "its client URL has 10.2.0.1", "etcdctl member update 8e9e05c52164694d --peer-urls="]),
    ("a peer URL with [::]", PEER.format("https://[::]:2380"), ["cannot call ::"]),
    ("two peer URLs", PEER.format("https://10.2.0.1:2380,https://10.9.0.1:2380"), ["cp1 has 2 peer URLs", "member update"]),
    ("two peer URLs in json", JSON.replace('2380"]', '2380","https://10.9.0.1:2380"]', 1), ["cp1 has 2 peer URLs"]),
    ("two peer URLs in --initial-cluster", f"{INITIAL},cp1=https://10.9.0.1:2380", ["cp1 has 2 peer URLs"]),
    ("a name in --initial-cluster", INITIAL.replace("10.2.0.1", "cp1.example.org"), ["cp1.example.org is no address"]),
    ("nodes without addresses", "NAME STATUS ROLES AGE VERSION\ncp1 Ready master 2h v1.18.0", ["without addresses", "-o wide"]),
    ("nodes, workers only", "\n".join(NODES.splitlines()[::3]), ["no node here has the role control-plane"]),
    ("an inventory, two addresses", TWO, ["ip (10.2.0.1) and ansible_host (203.0.113.1) hold different addresses",
     "`--columns name=inventory_hostname,old=ip` takes cp1 10.2.0.1;"]),
    ("an inventory, two addresses of one host", f"cp0 ansible_host=10.2.0.9 ip=10.2.0.9\n{TWO}",
     ["ip (10.2.0.1) and ansible_host (203.0.113.1) hold different addresses", "t:2"]),
    ("an inventory with names of members", TWO.replace("ip=", "etcd_member_name=e1 ip="),
     ["inventory_hostname (cp1) and etcd_member_name (e1) can each be the name", "--columns name=etcd_member_name"]),
    ("an inventory in YAML, two addresses", YAML.replace("ip: 10.2.0.2", "ip: 10.9.0.2"), ["hold different addresses", "t:4"]),
    ("an inventory, an unknown group", "[a]\ncp1 ip=10.2.0.1\n[b]\ncp2 ip=10.2.0.2",
     ["none of the groups is etcd", "a, b", "--group"]),
    ("an inventory with external etcd", "[etcd]\ne1 ip=10.2.0.1\n[kube_control_plane]\ncp1 ip=10.2.0.2", ["the group etcd has e1"]),
    ("an inventory without addresses", "[etcd]\ncp1\ncp2", ["no host of this inventory has an address"]),
    ("an inventory with a range", "[etcd]\ncp[1:3] ansible_host=10.2.0.1", ["a range of hosts"]),
    ("KubeKey, two addresses", KUBEKEY.replace("address: 10.2", "address: 203.2"),
     ["hold different addresses", "old=internalAddress"]),
    ("a Clusterfile",
     "apiVersion: apps.sealos.io/v1beta1\nkind: Cluster\nspec:\n  hosts:\n  - ips: [10.2.0.1:22]\n    roles: [master]",
     ["this is a Clusterfile of sealos", "t:2", "no names of members"]),
    ("a configuration of kubeadm", "apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\n",
     ["kubeadm's ClusterConfiguration"]),
    ("YAML that is none", "apiVersion: x\n  kind: [\n", ["this is not YAML", "t:2"]),
    ("YAML with anchors", "all:\n  hosts: &h\n    cp1: {ip: 10.2.0.1}\nb:\n  hosts: *h", ["anchors and aliases are not supported"]),
    ("a key twice", "members:\n- {name: a, name: b, old: 10.2.0.1}", ["the key name is there twice"]),
    ("a gateway", "name,old,new,gateway\ncp1,10.2.0.1,10.3.0.1,10.3.0.254",
     ["gateway (10.3.0.254) holds addresses", "3 addresses", "`--columns name,old,new,-` takes cp1 10.2.0.1 -> 10.3.0.1"]),
    ("two addresses whose titles say nothing", table("host,private,public", "now"),
     ["private (10.2.0.1) and public (10.3.0.1) hold different addresses",
      "`--columns name,old,new` takes cp1 10.2.0.1 -> 10.3.0.1",
      "`--columns name,new,old` takes cp1 10.3.0.1 -> 10.2.0.1"]),
    ("a new address and no old one", table("host,new", "nw"), ["new (10.3.0.1) is the new address by its title"]),
    ("two names by their titles", table("host,name,old,new", "xnow"),
     ["host (fra0) and name (cp1) can each be the name", "`--columns name,-,old,new` takes fra0 10.2.0.1 -> 10.3.0.1",
      "`--columns -,name,old,new` takes cp1"]),
    ("a role and no name", table("role,old,new", "now"), ["no column is the name of the member; there are: role, old, new"]),
    ("a site before the name, without titles", table("", "xnow"),
     ["fra0 and cp1 can each be the name", "`--columns name,-,old,new` takes fra0", "`--columns -,name,old,new` takes cp1"]),
    ("a member without an address", "name,old,new\ncp1,10.2.0.1,10.3.0.1\ncp2,,", ["cp2 has no old address", "t:3"]),
    ("no old address, and no titles", "cp1,,10.3.0.1\ncp2,10.2.0.2,10.3.0.2", ["the first address is left out here", "t:1"]),
    ("a host name instead of an address", "name,old,new\ncp1,cp1.example.org,10.3.0.1", ["cp1.example.org is not an address"]),
    ("a line without its arrow", "cp1 10.2.0.1 -> 10.3.0.1\ncp2 10.2.0.2 10.3.0.2", ["no arrow", "t:2"]),
    ("an arrow without a name", "10.2.0.1 -> 10.3.0.1", ["this line has no name"]),
    ("a sentence as wide as the table", "Our new hosts\ncp1 10.2.0.1 10.3.0.1", ["titles or a sentence", "--columns"]),
    ("a second table with other titles", table("new,old,name", "won") + "\n" + table("old,new,name", "own"),
     ["a second line of titles", "t:4"]),
    ("an address that was", "cp1 10.3.0.1 (was 10.2.0.1)", ["was says something of an address", "NAME old=ADDRESS"]),
    ("a word at one address only", "cp1 10.3.0.1 old=10.2.0.1", ["not every address of this line says"]),
    ("a member in more than one line", "name: cp1\nold: 10.2.0.1\nnew: 10.3.0.1", ["no key is the name"]),
    ("more titles than columns", "name, old, new, other\ncp1 10.2.0.1 10.3.0.1", ["4 titles", "--columns"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "words"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a_form_is_refused_in_words(name: str, text: str, words: list[str]) -> None:
    read = read_table(text, "t")
    said = "\n".join(f"{p.fact} at {p.place}: {p.hint}" for p in read.problems)
    assert [word for word in words if word not in said] == [], said


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


MISUSED = [
    ("an unknown role", "name,alt", None, "alt, which is no role"),
    ("a role twice", "name,old,old", None, "has old twice"),
    ("no name", "old,new", None, "does not say where name is"),
    ("an empty title", "old=", None, "a title that is empty"),
]


@pytest.mark.parametrize(("name", "columns", "group", "fact"), MISUSED, ids=[case[0] for case in MISUSED])
def test_an_option_that_says_nothing_is_refused(name: str, columns: str, group: str | None, fact: str) -> None:
    with pytest.raises(Refused, match=fact):
        choice(columns, group)


UNFIT = [
    ("columns of a member list", SIMPLE, "name,old", None, "--columns in this form has no meaning for this input"),
    ("columns of an inventory", INI, "name,old", None, "--columns in this form has no meaning for this input"),
    ("a variable that is not there", TWO, "old=access_ip", None, "access_ip, which is not there"),
    ("another number of columns", "cp1 10.2.0.1 10.3.0.1", "name,old", None, "3 columns here, and --columns names 2"),
    ("a group that is not there", INI, None, "masters", "no host is in a group of this name"),
    ("columns by titles, and there are none", "cp1 10.2.0.1 10.3.0.1", "old=ip", None, "--columns in this form"),
    (
        "columns in their order of a mapping",
        "members:\n- {name: a, old: 10.2.0.1}",
        "name,old",
        None,
        "--columns in this form",
    ),
    ("a group of a member list", SIMPLE, None, "etcd", "--group is for an Ansible inventory"),
    ("a group of KubeKey's config", KUBEKEY, None, "etcd", "--group is for an Ansible inventory"),
    ("a group of a CSV", "cp1,10.2.0.1", None, "etcd", "--group is for an Ansible inventory"),
]


@pytest.mark.parametrize(("name", "text", "columns", "group", "fact"), UNFIT, ids=[case[0] for case in UNFIT])
def test_an_option_that_does_not_fit_is_refused(
    name: str, text: str, columns: str | None, group: str | None, fact: str
) -> None:
    assert fact in "\n".join(p.fact for p in read_table(text, "t", choice(columns, group)).problems)


TITLES = {
    "name": ("name", "Host", "hostname", "etcd_name", "Node Name", "主机名", "节点", "节点名称", "成员名称", "名称", "服务器"),
    "old": ("old", "old_ip", "oldIP", "Current Address", "existing IP", "旧IP", "原IP地址", "当前IP", "旧地址", "源IP", "变更前IP"),
    "new": ("new", "New-IP", "target", "target_address", "新IP", "目标IP", "目标地址", "新主机地址", "变更后IP", "改为"),
    "address": ("ip", "IP Address", "地址", "IP地址", "node ip", "主机IP"),
    "other": ("role", "site", "#", "No.", "description", "角色", "机房", "备注", "网关", "vip"),
    "": ("private", "public", "old or new", "internalAddress"),
}  # fmt: skip


@pytest.mark.parametrize(("means", "title"), [(m, title) for m, titles in TITLES.items() for title in titles])
def test_a_title_is_understood(means: str, title: str) -> None:
    assert meaning(title, means not in ("name", "other")) == means


@pytest.mark.parametrize("titles", list(itertools.product(*(TITLES[m][:4] for m in ("name", "old", "new")))))
def test_titles_decide_in_any_order(titles: tuple[str, str, str]) -> None:
    for order in itertools.permutations(range(3)):
        lines = [titles, *BOTH]
        assert members("\n".join(",".join(line[n] for n in order) for line in lines)) == BOTH


@settings(deadline=None)
@given(
    *(st.sampled_from(TITLES[means]) for means in ("name", "old", "new", "other")),
    st.permutations(range(4)),
    st.sampled_from([",", ";", "\t", " | ", "，", "  "]),
)
def test_old_and_new_are_never_exchanged(
    name: str, old: str, new: str, other: str, order: list[int], sign: str
) -> None:
    lines = [(name, old, new, other), *((*row, "fra1") for row in BOTH)]
    read = read_table("\n".join(sign.join(line[n] for n in order) for line in lines))
    rows = [(r.name, str(r.old), str(r.new)) for r in read.rows]
    assert rows == BOTH or (sign == "  " and read.problems)


WORDS = st.sampled_from(
    ["name", "旧IP", "new", "cp1", "10.2.0.1", "2001:db8::1", "10.2.0.300", "started", "8e9e05c52164694d", "->", ",", "|",
     "\t", "\n", "\n", ": ", "=", "[etcd]", "{", "}", '"', "- ", "hosts:", "  ", "https://10.2.0.2:2380", "<none>", "\x00",
     "ansible_host=", "Ready", "v1.2", "unstarted", "peerURLs=", ":", "https://[x", "\u2028", "[1:2]", "'", "&a", "*a", "!x"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(WORDS, max_size=40), st.sampled_from([None, "name,old,new", "old=旧IP", "-,name,old"]))
def test_whatever_is_pasted_there_are_members_or_problems(words: list[str], columns: str | None) -> None:
    read = read_table("".join(words), "t", choice(columns, None))
    assert read.rows or read.problems


KEYS = st.sampled_from(
    ["members", "items", "hosts", "children", "all", "etcd", "_meta", "hostvars", "spec", "kind", "apiVersion", "metadata",
     "labels", "status", "addresses", "type", "address", "name", "ID", "peerURLs", "clientURLs", "isLearner", "roleGroups",
     "nodes", "old", "new", "ip", "Endpoint", "node-role.kubernetes.io/master"]
)  # fmt: skip
LEAVES = st.sampled_from(
    ["", "cp1", "10.2.0.1", "https://10.2.0.1:2380", "Node", "kubekey.kubesphere.io/v1", "apps.sealos.io/v1",
     "InternalIP", "[", "x[1:2]", None, True, 7, 10501334649042878790, 1.5]
)  # fmt: skip
DOCUMENTS = st.recursive(
    LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=4), max_leaves=25
)


@settings(deadline=None)
@given(st.dictionaries(KEYS, DOCUMENTS, min_size=1, max_size=4), st.booleans())
def test_whatever_is_in_a_document_there_are_members_or_problems(document: dict[str, object], is_json: bool) -> None:
    read = read_table(json.dumps(document) if is_json else yaml.safe_dump(document))
    assert read.rows or read.problems


def test_the_options_of_the_command(tmp_path) -> None:  # type: ignore[no-untyped-def]
    given_ = "fra1,cp1,10.2.0.1,10.3.0.1\n"
    code, _, err = cli("init", "c", "--from", "-", cwd=tmp_path, given=given_)
    assert code == 2 and "--columns -,name,old,new" in err
    code, out, _ = cli("init", "c", "--from", "-", "--columns", "-,name,old,new", cwd=tmp_path, given=given_)
    assert code == 0 and "  cp1  10.2.0.1 -> 10.3.0.1\n" in out
    code, out, _ = cli("init", "d", "--from", "-", "--group", "kube_node", cwd=tmp_path, given=INI)
    assert code == 0 and "  w1  10.2.0.21 -> " in out
    assert cli("init", "e", "--from", "-", "--columns", "x", cwd=tmp_path, given=given_)[0] == 2
    assert cli("init", "e", "--columns", "name,old", cwd=tmp_path)[0] == 2
    assert cli("init", "e", "--example", "--group", "etcd", cwd=tmp_path)[0] == 2
    assert not (tmp_path / "e").exists()


@pytest.mark.parametrize("encoding", ["gbk", "utf-16"])
def test_what_is_no_utf_8_is_said(tmp_path, encoding: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "t.csv").write_bytes(table("主机名,旧IP,新IP", "now").encode(encoding))
    code, _, err = cli("init", "c", "--from", "t.csv", cwd=tmp_path)
    assert code == 2 and "save it as CSV in UTF-8" in err and not (tmp_path / "c").exists()
