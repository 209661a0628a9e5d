"""A real control plane with an old address in every place that people put one: each is listed before the change and after it."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.spec import Spec, usual

from tests import real_state as state
from tests.real import Real, cluster, named  # noqa: F401 -- the fixture
from tests.test_leftover_places import PLACES
from tests.test_leftovers import places_in

pytestmark = pytest.mark.real
OLD, HOST = "192.168.100.10", "master1"
SHAPES = [Spec(version=version, nodes=usual(1, 1), endpoint="none") for version in ("1.37.2", "1.24.17")]
OVERDUE = {"blocking": "YOURS, AND OVERDUE", "yours": "yours"}
BEFORE = {
    "blocking": "YOURS, before an old address goes",
    "yours": "yours, when there is time",
    "follows": "follows by itself",
}
FILES = [(name, sort) for name, sort, _ in PLACES if sort != "ours" and name != "etc/hosts"]
OBJECTS = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: to-the-api, namespace: default}
spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: OLD/32}}]}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: by-url}
webhooks:
- name: one.example.org
  clientConfig: {url: "https://OLD:9443/validate"}
  failurePolicy: Ignore
  sideEffects: None
  admissionReviewVersions: [v1]
  rules: [{apiGroups: [none.example.org], apiVersions: [v1], resources: [things], operations: [CREATE]}]
---
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: default}
spec: {ports: [{port: 80}], externalIPs: [OLD]}
---
apiVersion: v1
kind: Service
metadata: {name: etcd-metrics, namespace: kube-system}
spec: {clusterIP: None, ports: [{port: 2381}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: etcd-metrics, namespace: kube-system}
subsets: [{addresses: [{ip: OLD}], ports: [{port: 2381}]}]
---
apiVersion: v1
kind: Secret
metadata: {name: another-kubeconfig, namespace: default}
stringData: {server: "https://OLD:6443"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: of-an-application, namespace: default}
data: {etcd: "https://OLD:2379"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: coredns, namespace: kube-system}
data: {Corefile: "hosts { OLD api.example.org }"}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: by-nfs}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteMany], nfs: {server: OLD, path: /}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: by-nfs}
provisioner: example.org/nfs
parameters: {server: OLD}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: told, namespace: default}
spec:
  replicas: 0
  selector: {matchLabels: {app: told}}
  template:
    metadata: {labels: {app: told}}
    spec: {hostAliases: [{ip: OLD, hostnames: [api]}], containers: [{name: one, image: one}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: backup, namespace: kube-system}
spec:
  schedule: "0 0 1 1 *"
  suspend: true
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: one, image: one, args: ["--endpoints=https://OLD:2379"]}]}}}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: bgppeers.crd.projectcalico.org}
spec:
  group: crd.projectcalico.org
  names: {kind: BGPPeer, plural: bgppeers}
  scope: Cluster
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
"""
PEER = """apiVersion: crd.projectcalico.org/v1
kind: BGPPeer
metadata: {name: router}
spec: {peerIP: OLD}
"""
KEYS = {
    "networkpolicies/default/to-the-api": "blocking",
    "validatingwebhookconfigurations/by-url": "blocking",
    "services/specs/default/outside": "yours",
    "services/endpoints/kube-system/etcd-metrics": "yours",
    "secrets/default/another-kubeconfig": "yours",
    "configmaps/default/of-an-application": "yours",
    "configmaps/kube-system/coredns": "blocking",
    "persistentvolumes/by-nfs": "blocking",
    "storageclasses/by-nfs": "blocking",
    "deployments/default/told": "yours",
    "cronjobs/kube-system/backup": "yours",
    "crd.projectcalico.org/bgppeers/router": "blocking",
}


def plant(made: Cluster) -> None:
    """In files of the host, in objects, in an annotation as flannel's, in a key of another client of etcd."""
    host = made[HOST]
    for name, _ in FILES:
        host.must(
            ["bash", "-c", 'mkdir -p "${1%/*}" && printf "\\n# planted: %s\\n" "$2" >>"$1"', "-", f"/{name}", OLD]
        )
    for text in (OBJECTS, PEER):
        state.wait_for("the objects", 30, lambda text=text: applied(made, text))  # type: ignore[misc]
    annotation = f"flannel.alpha.coreos.com/public-ip={OLD}"
    assert made.kubectl("annotate", "node", HOST, annotation).exit == 0
    assert host.etcdctl("put", "/vault/core", f"https://{OLD}:8200").exit == 0


def applied(made: Cluster, text: str) -> bool:
    return made.kubectl("apply", "-f", "-", stdin=text.replace("OLD", OLD)).exit == 0


def listed(text: str) -> list[tuple[str, str]]:
    """(place, heading) of what a phase has listed."""
    return [(place, heading) for place, heading, _ in places_in(text)]


def is_listed(found: list[tuple[str, str]], place: str, heading: str) -> bool:
    return any(where.startswith(f"{place}:") and above.startswith(heading) for where, above in found)


@pytest.mark.parametrize("cluster", SHAPES, indirect=True, ids=named)
def test_every_planted_address_is_listed_before_and_after(cluster: Cluster, tmp_path: Path) -> None:  # noqa: F811
    plant(cluster)
    real = Real(cluster, tmp_path, objects="kubeadm", hosts_file=True)
    before = listed(real.say(HOST, "apply", "preflight").text)
    keys = {f"etcd: /registry/{key}": sort for key, sort in KEYS.items()} | {"etcd: /vault/core": "yours"}
    wanted = keys | {f"/{name}": sort for name, sort in FILES}
    assert [p for p, sort in wanted.items() if not is_listed(before, p, BEFORE[sort])] == []
    annotation = f"etcd: /registry/minions/{HOST}: {OLD} (annotation flannel.alpha.coreos.com/public-ip)"
    assert is_listed([(f"{place}:", heading) for place, heading in before], annotation, BEFORE["follows"])

    real.follow_the_order(until=f"{HOST} cluster")
    assert real.killed_at_every_command(HOST, "apply", "cluster") > 5 and state.objects_with_old(cluster) == []
    assert real.killed_at_every_command(HOST, "undo", "cluster") > 3 and state.objects_with_old(cluster) == [
        "cluster-info",
        "kube-proxy",
    ]
    real.follow_the_order(start=f"{HOST} cluster")
    after = listed(next(ran for words, _, ran in reversed(real.told) if words == f"{HOST} apply finish").text)
    assert [p for p, sort in wanted.items() if not is_listed(after, p, OVERDUE[sort])] == []
    assert [place for place, heading in after if heading.startswith("LEFT BY")] == []
    assert state.objects_with_old(cluster) == []
    assert OLD not in cluster[HOST].read_text("/etc/hosts")
    state.leases_are_renewed(cluster)
    state.nodes_have(cluster, "new")
