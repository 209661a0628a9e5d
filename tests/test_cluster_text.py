"""What the phase `cluster` makes of a text, and which of its lines counts as done. Without an API."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from etcd_renumber.manifests.identities import FLAGS

from tests.pki import TEMPLATES

OBJECTS = (
    "runbook/lib/lists.sh",
    "runbook/lib/objects.sh",
    "runbook/lib/object_text.sh",
    "runbook/lib/masterleases.sh",
)
V4 = ("10.0.0.1 10.0.0.2 10.0.0.3", "10.9.0.1 10.9.0.2 10.0.0.3")
V6 = ("fd00:a::1 fd00:a::2 fd00:a::3", "fd00:b::1 fd00:b::2 fd00:a::3")
AROUND = """set -o errexit -o nounset -o pipefail
API_PREFIX=/registry STATE=/nowhere BACKUP=/nowhere NAMES=(master1 master2 master3)
OLDS=(%s) NEWS=(%s) recorded=(%s)
"""
ASK = """
object=$(cat)
read -r _ _ key _ <<<"${OBJECTS_OF_KUBEADM[%d]}"
object_value=$(value_in "$key" <<<"$object")
want_of_object %d
object_with "$wanted_value" %d
"""
EVERY = {
    "an address in a URL": ("a: https://10.0.0.1:6443/x\n", "a: https://10.9.0.1:6443/x\n"),
    "several in one line": ("a: 10.0.0.1,10.0.0.1 10.0.0.2\n", "a: 10.9.0.1,10.9.0.1 10.9.0.2\n"),
    "the end of the text": ("a: 10.0.0.1", "a: 10.9.0.1"),
    "quotes of both kinds": ("a: \"10.0.0.1\"\nb: '10.0.0.2'\n", "a: \"10.9.0.1\"\nb: '10.9.0.2'\n"),
    "a comment": ("# 10.0.0.1.\n", "# 10.9.0.1.\n"),
    "longer numbers": ("a: 10.0.0.10 110.0.0.1 10.0.0.1.5\n", "a: 10.0.0.10 110.0.0.1 10.0.0.1.5\n"),
    "names": ("a: ip-10.0.0.1 10.0.0.1.nip.io 10.0.0.1-x\n", "a: ip-10.0.0.1 10.0.0.1.nip.io 10.0.0.1-x\n"),
    "one that stays": ("a: 10.0.0.3\n", "a: 10.0.0.3\n"),
    "bytes of every kind": (
        "a: 'é & <x> $(id) `id` \\\\n * ? 10.0.0.1'\r\n\n\n",
        "a: 'é & <x> $(id) `id` \\\\n * ? 10.9.0.1'\r\n\n\n",
    ),
    "no text": ("", ""),
    "SANs": (
        "  certSANs:\n  - 10.0.0.1\n  - 10.0.0.3\n  - 10.0.0.10\n  x: 10.0.0.1\n",
        "  certSANs:\n  - 10.0.0.1\n  - 10.9.0.1\n  - 10.0.0.3\n  - 10.0.0.10\n  x: 10.9.0.1\n",
    ),
    "SANs with the new one further up": (
        "certSANs:\n- 10.9.0.1\n- 10.0.0.1\npeerCertSANs:\n- 10.0.0.1\n",
        "certSANs:\n- 10.9.0.1\n- 10.0.0.1\npeerCertSANs:\n- 10.0.0.1\n- 10.9.0.1\n",
    ),
    "SANs in quotes": ('serverCertSANs:\n    - "10.0.0.1"\n', 'serverCertSANs:\n    - "10.0.0.1"\n    - "10.9.0.1"\n'),
    "SANs in one line": ("certSANs: [10.0.0.1, a]\nb: 10.0.0.1\n", "certSANs: [10.0.0.1, a]\nb: 10.9.0.1\n"),
    "names of v1beta3": (
        "  extraArgs:\n    service-account-issuer: https://10.0.0.1:6443\n    advertise-address: 10.0.0.1\n"
        "imageRepository: 10.0.0.1:5000\n"
        "    oidc-username-prefix: 'https://10.0.0.1#'\n",
        "  extraArgs:\n    service-account-issuer: https://10.0.0.1:6443\n    advertise-address: 10.9.0.1\n"
        "imageRepository: 10.0.0.1:5000\n"
        "    oidc-username-prefix: 'https://10.0.0.1#'\n",
    ),
    "names of v1beta4": (
        '  - name: service-account-issuer\n    value: "https://10.0.0.1:6443"\n'
        "  - name: etcd-servers\n    value: https://10.0.0.1:2379\n"
        '  - name: "api-audiences"\n    value: https://10.0.0.1:6443\n',
        '  - name: service-account-issuer\n    value: "https://10.0.0.1:6443"\n'
        "  - name: etcd-servers\n    value: https://10.9.0.1:2379\n"
        '  - name: "api-audiences"\n    value: https://10.0.0.1:6443\n',
    ),
    "paths": (
        'dataDir: /data/10.0.0.1/etcd\n  hostPath: "/data/10.0.0.1"\nbind: 10.0.0.1\n',
        'dataDir: /data/10.0.0.1/etcd\n  hostPath: "/data/10.0.0.1"\nbind: 10.9.0.1\n',
    ),
    "a list that is no list of SANs": (
        "endpoints:\n- https://10.0.0.1:2379\n",
        "endpoints:\n- https://10.9.0.1:2379\n",
    ),
}


def bash(tmp_path: Path, parts: tuple[str, ...], before: str, after: str, stdin: str = "") -> str:
    path = tmp_path / "ask.sh"
    path.write_text("\n".join([before, *((TEMPLATES / part).read_text() for part in parts), after]))
    ran = subprocess.run(["bash", path], input=stdin.encode(), capture_output=True, timeout=60, check=False)
    assert ran.returncode == 0 and ran.stderr == b"", ran.stderr.decode()
    return ran.stdout.decode()


def exchanged(
    tmp_path: Path, text: str, number: int = 0, addresses: tuple[str, str] = V4, recorded: str = "new new old"
) -> str:
    """The text of the object's key after it; the rest of the object must be as it was."""
    _, name, key = (("", "kubeadm-config", "ClusterConfiguration"), (), ("", "cluster-info", "kubeconfig"))[number]
    data = {key: text, "other": "10.0.0.1", "zz": f'        \\"{key}\\": '}
    meta = {"name": name, "resourceVersion": "7", "annotations": {key: text}}
    before = {"apiVersion": "v1", "data": data, "kind": "ConfigMap", "metadata": meta}
    # As kubectl prints it: Go's encoder escapes these three.
    said = json.dumps(before, indent=4, ensure_ascii=False)
    said = said.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    ask = ASK % (number, number, number)
    after = json.loads(bash(tmp_path, OBJECTS, AROUND % (*addresses, recorded), ask, said))
    assert {**after, "data": {**after["data"], key: text}} == before
    return str(after["data"][key])


@pytest.mark.parametrize("case", EVERY)
def test_every_whole_address_is_exchanged_in(tmp_path: Path, case: str) -> None:
    text, wanted = EVERY[case]
    assert exchanged(tmp_path, text) == wanted
    assert exchanged(tmp_path, wanted) == wanted, "twice is once"


def test_only_members_that_are_recorded_on_their_new_address_count(tmp_path: Path) -> None:
    assert exchanged(tmp_path, "a: 10.0.0.1 10.0.0.2\n", recorded="old new old") == "a: 10.0.0.1 10.9.0.2\n"


def test_of_a_kubeconfig_only_the_server_is_exchanged(tmp_path: Path) -> None:
    text = "- cluster:\n    server: https://10.0.0.1:6443\n  name: 10.0.0.1\n"
    assert exchanged(tmp_path, text, 2) == text.replace("https://10.0.0.1", "https://10.9.0.1")


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("a: https://[fd00:a::1]:6443\n", "a: https://[fd00:b::1]:6443\n"),
        ("a: fd00:a::1\nb: 'fd00:a::2'\n", "a: fd00:b::1\nb: 'fd00:b::2'\n"),
        (
            "a: fd00:a::1:2 1:fd00:a::1 fd00:a::10 fd00:a::1%eth0\n",
            "a: fd00:a::1:2 1:fd00:a::1 fd00:a::10 fd00:a::1%eth0\n",
        ),
        ("certSANs:\n- fd00:a::1\n", "certSANs:\n- fd00:a::1\n- fd00:b::1\n"),
    ],
)
def test_ipv6_is_whole_too(tmp_path: Path, text: str, wanted: str) -> None:
    assert exchanged(tmp_path, text, addresses=V6) == wanted


LINES = (
    "10 master1 move",
    "11 master1 cluster",
    "12 master1 remove",
    "13 master2 move",
    "14 master1 cluster",
    "15 master1 finish",
)
STATES = """
HOST=master1 OWN=0 STAYS=(no no yes) LINES_OF_PLAN=(%s)
is_left_out() { is_one_of "$1" ${without[@]+"${without[@]}"}; }
index_of() { case $1 in master1) printf 0 ;; master2) printf 1 ;; *) printf 2 ;; esac; }
for k in 1 4; do line_state master1 cluster "$k" && printf ' '; done
"""


@pytest.mark.parametrize(
    "noted, recorded, states, without",
    [
        ("", "new old old", "open open", ""),
        ("master1\n", "new old old", "carried open", ""),
        ("master1\n", "new new old", "carried open", ""),
        ("master1\nmaster2\n", "new new old", "carried carried", ""),
        ("master1\nmaster2\n", "new old old", "carried open", ""),
        ("master1\nmaster2\n", "old old old", "open open", ""),
        ("master10\nmaster2\n", "new new old", "open open", ""),
        ("master1\n", "new old old", "carried carried", "master2"),
        ("master2\n", "new new old", "open open", "master2"),
    ],
)
def test_a_line_is_done_when_the_members_before_it_are_noted(
    tmp_path: Path, noted: str, recorded: str, states: str, without: str
) -> None:
    (tmp_path / "cluster.done").write_text(noted)
    around = AROUND % (*V4, recorded) + f"CLUSTER_NOTE={tmp_path / 'cluster.done'} without=({without})\n"
    lines = " ".join(f"'{line}'" for line in LINES)
    assert bash(tmp_path, ("runbook/lib/lists.sh", "runbook/lib/next.sh"), around, STATES % lines).strip() == states


@pytest.mark.parametrize(
    ("there", "undone"),
    [
        ((), True),
        (("cluster.done",), True),  # `objects: list`, or nothing named an old address
        (("backup/objects/X.json",), True),  # killed before anything was put in, or undone
        (("backup/objects/X.json", "backup/objects/X.json.ours"), False),  # killed while it was put in
        (("cluster.done", "backup/objects/X.json", "backup/objects/X.json.ours"), False),
    ],
)
def test_nothing_that_the_phase_leads_to_may_go_before_its_undo(
    tmp_path: Path, there: tuple[str, ...], undone: bool
) -> None:
    """Whether it came to its end or was killed half-way; where nothing was replaced nothing holds it up."""
    (tmp_path / "backup" / "objects").mkdir(parents=True)
    for name in there:
        (tmp_path / name.replace("X", "kube-system.kube-proxy.kubeconfig.conf")).write_text("master1\n")
    before = AROUND.replace("STATE=/nowhere BACKUP=/nowhere", f"STATE={tmp_path} BACKUP={tmp_path}/backup")
    ask = "if cluster_was_undone; then printf yes; else printf no; fi"
    said = bash(tmp_path, OBJECTS, before % (*V4, "new new new"), ask)
    assert said == ("yes" if undone else "no")


def test_the_names_are_those_that_stay_in_manifests() -> None:
    text = (TEMPLATES / "runbook/lib/object_text.sh").read_text()
    keys = text.partition("KEYS_OF_NAMES=(")[2].partition(")")[0].split()
    assert set(keys) == {*FLAGS, "imageRepository"}
