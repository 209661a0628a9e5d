"""Members whose etcd is a unit of systemd, in the shapes of three installers: which files they have, where, and what is in them.

The names of variables and flags, their paths and their order are the installers' own; values are the scenario's.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.scenario import Host, bracketed, hosts, manifests

MASTERS = hosts(3)
UNIT_HEAD = "[Unit]\nDescription=etcd\nAfter=network.target\n\n[Service]\n"
UNIT_TAIL = "\n[Install]\nWantedBy=multi-user.target\n"
KUBESPRAY_UNIT = (
    f"{UNIT_HEAD}Type=notify\nUser=root\nEnvironmentFile=/etc/etcd.env\nExecStart=/usr/local/bin/etcd\nNotifyAccess=all\n"
    f"Restart=always\nRestartSec=10s\nLimitNOFILE=40000\n{UNIT_TAIL}"
)
DEBIAN_UNIT = (
    f"{UNIT_HEAD}Environment=DAEMON_ARGS=\nEnvironment=ETCD_NAME=%H\nEnvironment=ETCD_DATA_DIR=/var/lib/etcd/default\n"
    "EnvironmentFile=-/etc/default/%p\nType=notify\nUser=root\nPermissionsStartOnly=true\n"
    f'#ExecStart=/bin/sh -c "GOMAXPROCS=$(nproc) /usr/bin/etcd $DAEMON_ARGS"\n'
    f"ExecStart=/usr/bin/etcd $DAEMON_ARGS\nRestart=on-abnormal\nLimitNOFILE=65536\n{UNIT_TAIL}"
)


@dataclass(frozen=True)
class Shape:
    """`files`: those of the facts; `where`: their places on the host; `changing`: the one that holds the addresses."""

    name: str
    where: dict[str, str]
    changing: str
    ca: str
    pods: bool = True


SHAPES = {
    "Kubespray": Shape(
        "Kubespray",
        {"etcd.env": "/etc/etcd.env", "etcd.service": "/etc/systemd/system/etcd.service"},
        "etcd.env",
        "/etc/ssl/etcd/ssl/ca.pem",
    ),
    "kubeasz": Shape(
        "kubeasz",
        {"etcd.service": "/etc/systemd/system/etcd.service"},
        "etcd.service",
        "/etc/kubernetes/ssl/ca.pem",
        pods=False,
    ),
    "Debian": Shape(
        "Debian",
        {"etcd.env": "/etc/default/etcd", "etcd.service": "/etc/systemd/system/etcd.service"},
        "etcd.env",
        "/etc/etcd/pki/ca.pem",
    ),
}


def facts(shape: Shape, host: Host, every: list[Host]) -> dict[str, str]:
    """Name to text of all files of one host: of the unit, and of kubelet's folder where it has one."""
    own, cluster = bracketed(host.old), ",".join(f"{h.name}=https://{bracketed(h.old)}:2380" for h in every)
    made = {"Kubespray": _kubespray, "kubeasz": _kubeasz, "Debian": _debian}[shape.name](host.name, own, cluster)
    if not shape.pods:
        return made
    pods = {file: text for file, text in manifests(host, every).items() if file != "etcd.yaml"}
    servers = ",".join(f"https://{bracketed(h.old)}:2379" for h in every)
    api = pods["kube-apiserver.yaml"]
    pods["kube-apiserver.yaml"] = api.replace("--etcd-servers=https://127.0.0.1:2379", f"--etcd-servers={servers}")
    assert servers in pods["kube-apiserver.yaml"]
    return made | pods


def _kubespray(name: str, own: str, cluster: str) -> dict[str, str]:
    tls = "/etc/ssl/etcd/ssl"
    return {
        "etcd.service": KUBESPRAY_UNIT,
        "etcd.env": f"""# Environment file for etcd 3.5.16
ETCD_DATA_DIR=/var/lib/etcd
ETCD_ADVERTISE_CLIENT_URLS=https://{own}:2379
ETCD_INITIAL_ADVERTISE_PEER_URLS=https://{own}:2380
ETCD_INITIAL_CLUSTER_STATE=existing
ETCD_METRICS=basic
ETCD_LISTEN_CLIENT_URLS=https://{own}:2379,https://127.0.0.1:2379
ETCD_ELECTION_TIMEOUT=5000
ETCD_HEARTBEAT_INTERVAL=250
ETCD_INITIAL_CLUSTER_TOKEN=k8s_etcd
ETCD_LISTEN_PEER_URLS=https://{own}:2380
ETCD_NAME={name}
ETCD_INITIAL_CLUSTER={cluster}
ETCD_AUTO_COMPACTION_RETENTION=8

# TLS settings
ETCD_TRUSTED_CA_FILE={tls}/ca.pem
ETCD_CERT_FILE={tls}/member-{name}.pem
ETCD_KEY_FILE={tls}/member-{name}-key.pem
ETCD_CLIENT_CERT_AUTH=true
ETCD_PEER_TRUSTED_CA_FILE={tls}/ca.pem
ETCD_PEER_CERT_FILE={tls}/member-{name}.pem
ETCD_PEER_KEY_FILE={tls}/member-{name}-key.pem
ETCD_PEER_CLIENT_CERT_AUTH=True

# CLI settings
ETCDCTL_ENDPOINTS=https://{own}:2379
""",
    }


def _kubeasz(name: str, own: str, cluster: str) -> dict[str, str]:
    flags = (
        f"--name={name}",
        "--cert-file=/etc/etcd/ssl/etcd.pem",
        "--key-file=/etc/etcd/ssl/etcd-key.pem",
        "--peer-cert-file=/etc/etcd/ssl/etcd.pem",
        "--peer-key-file=/etc/etcd/ssl/etcd-key.pem",
        "--trusted-ca-file=/etc/kubernetes/ssl/ca.pem",
        "--peer-trusted-ca-file=/etc/kubernetes/ssl/ca.pem",
        f"--initial-advertise-peer-urls=https://{own}:2380",
        f"--listen-peer-urls=https://{own}:2380",
        f"--listen-client-urls=https://{own}:2379,http://127.0.0.1:2379",
        f"--advertise-client-urls=https://{own}:2379",
        "--initial-cluster-token=etcd-cluster-0",
        f"--initial-cluster={cluster}",
        "--initial-cluster-state=new",
        "--data-dir=/var/lib/etcd",
        "--auto-compaction-retention=12",
    )
    lines = " \\\n  ".join(("ExecStart=/opt/kube/bin/etcd", *flags))
    text = (
        f"Type=notify\nWorkingDirectory=/var/lib/etcd/\n{lines}\nRestart=on-failure\nRestartSec=5\nLimitNOFILE=65536\n"
    )
    return {"etcd.service": UNIT_HEAD + text + UNIT_TAIL}


def _debian(name: str, own: str, cluster: str) -> dict[str, str]:
    tls = "/etc/etcd/pki"
    return {
        "etcd.service": DEBIAN_UNIT,
        "etcd.env": f"""## etcd(1) daemon options
## See "/usr/share/doc/etcd-server/op-guide/configuration.md.gz"

### Member flags
ETCD_NAME="{name}"
# ETCD_WAL_DIR
ETCD_DATA_DIR="/var/lib/etcd/{name}"
ETCD_LISTEN_PEER_URLS="https://{own}:2380"
ETCD_LISTEN_CLIENT_URLS='https://{own}:2379,https://127.0.0.1:2379'

### Clustering flags
ETCD_INITIAL_ADVERTISE_PEER_URLS="https://{own}:2380"
ETCD_INITIAL_CLUSTER="{cluster}"
ETCD_INITIAL_CLUSTER_STATE="existing"
ETCD_INITIAL_CLUSTER_TOKEN="etcd-cluster"
ETCD_ADVERTISE_CLIENT_URLS="https://{own}:2379"

### Security flags
ETCD_CERT_FILE="{tls}/server.pem"
ETCD_KEY_FILE="{tls}/server-key.pem"
ETCD_CLIENT_CERT_AUTH="true"
ETCD_TRUSTED_CA_FILE="{tls}/ca.pem"
ETCD_PEER_CERT_FILE="{tls}/peer.pem"
ETCD_PEER_KEY_FILE="{tls}/peer-key.pem"
ETCD_PEER_CLIENT_CERT_AUTH="true"
ETCD_PEER_TRUSTED_CA_FILE="{tls}/ca.pem"
""",
    }
