"""What people paste into `init --from` and cannot be read: the words of its refusal, and of options that do not fit."""

import pytest
from etcd_renumber.errors import Refused
from etcd_renumber.inputs.tables.choice import choice
from etcd_renumber.inputs.tables.read import read_table

from tests.pasted import FIELDS, INI, INITIAL, JSON, KUBEKEY, NODES, SIMPLE, TWO, YAML, table
from tests.test_cli import cli

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
    ("nodes, custom columns with titles of their own", "NAME IP EXTERNAL-IP\ncp1 10.2.0.1 203.0.113.1",
     ["IP (10.2.0.1) and EXTERNAL-IP (203.0.113.1) hold different addresses", "`--columns name,old,-` takes cp1 10.2.0.1"]),
    ("nodes saved as CSV", "NAME,STATUS,ROLES,AGE,VERSION,INTERNAL-IP,EXTERNAL-IP\ncp1,Ready,etcd,1d,v1.2.3,10.2.0.1,203.0.113.1",
     ["`--columns name,-,-,-,-,old,-` takes cp1 10.2.0.1"]),
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
    ("an arrow that points both ways", "cp1 10.2.0.1 <-> 10.3.0.1\ncp2 10.2.0.2 ↔ 10.3.0.2",
     ["this arrow points both ways", "t:1", "t:2", "write NAME OLD -> NEW"]),
    ("arrows that meet", "cp1 10.2.0.1 -> 10.3.0.1 <- 10.2.0.2", ["this arrow points both ways"]),
    ("an arrow back and two addresses behind it", "cp1 10.3.0.1 <- 10.2.0.1 10.2.0.2",
     ["2 addresses where the arrow begins and 1 at its head"]),
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


@pytest.mark.parametrize("name", ["nodes, custom columns with titles of their own", "nodes saved as CSV"])
def test_an_external_address_is_never_offered(name: str) -> None:
    text = next(case[1] for case in REFUSED if case[0] == name)
    assert "203.0.113.1" not in "".join(p.hint for p in read_table(text, "t").problems)


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
