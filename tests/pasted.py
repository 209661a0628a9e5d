"""What people paste into `init --from`: two control plane hosts in every form that they have."""

from etcd_renumber.inputs.tables.choice import choice
from etcd_renumber.inputs.tables.read import read_table

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


def members(text: str, columns: str | None = None, group: str | None = None) -> list[tuple[str, str, str | None]]:
    read = read_table(text, "t", choice(columns, group))
    assert [p.fact for p in read.problems] == []
    return [(r.name, str(r.old), str(r.new) if r.new else None) for r in read.rows]
