"""`rehearse --control-plane`: the folder's own bytes where they can run, else the same mapping rendered once more."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.errors import Refused
from etcd_renumber.rehearsal.control_plane.again import refuse_other_templates, rendered_again, same_but_for_values
from etcd_renumber.rehearsal.control_plane.against import against
from etcd_renumber.rehearsal.control_plane.flags import COMPONENTS, OF_KUBEADM, Known, flags, kept

from tests.scenario import Scenario, hosts, manifests, rendered

# --- the folder's own bytes, or the same mapping once more ---


def known(change: Scenario, *without: str) -> dict[str, Known]:
    """Programs that know every flag of the manifests but these."""
    texts = {c: next(t for f, t in change.facts["master1"].items() if f in (f"{c}.yaml",)) for c in COMPONENTS}
    return {c: Known(frozenset({*flags(text)} - {*without}), "NodeRestriction") for c, text in texts.items()}


def with_flags(
    tmp_path: Path, kubernetes: str, *more: str, component: str = "kube-apiserver", **other: str
) -> Scenario:
    """Two masters, Kubernetes and etcd in the images' tags, further flags of a component; `other` are further manifests."""
    members = hosts(2)
    found = {}
    for m in members:
        of = manifests(m, members, version="3.5")
        of = {f: t.replace(":v1.20.2", f":v{kubernetes}") for f, t in of.items()}
        lines = "".join(f"    - {flag}\n" for flag in more)
        of[f"{component}.yaml"] = of[f"{component}.yaml"].replace("    image:", f"{lines}    image:", 1)
        found[m.name] = of | {f"{name}.yaml": text for name, text in other.items()}
    return rendered(tmp_path, members, found)


def test_manifests_of_a_built_minor_that_name_kubeadms_files_alone_run_as_they_are(tmp_path: Path) -> None:
    made = with_flags(tmp_path, "1.24.9")
    images = ["registry/kube-apiserver:v1.24.9"] * 2
    assert against(made.change, "1.24.17", images, known(made), "3.5") == []


def test_each_reason_against_the_folders_own_bytes_is_named_once_with_its_host(tmp_path: Path) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: vip}\nspec:\n  containers:\n  - {name: vip, image: vip:1}\n"
    made = with_flags(tmp_path, "1.20.2", "--audit-policy-file=/etc/audit/policy.yaml", vip=pod)
    reasons = against(made.change, "1.24.17", ["x:v1.20.2"], known(made, "insecure-port"), "3.5")
    assert reasons == [
        "Kubernetes 1.24.17 is not the minor version of the cluster's images",
        "vip.yaml: its program is not available here (master1)",
        "kube-apiserver --insecure-port: this version does not know it (master1)",
        "kube-apiserver --audit-policy-file=/etc/audit/policy.yaml names files that are not in the facts (master1)",
    ]


def test_flags_are_kept_where_the_version_knows_them_and_the_others_are_listed(tmp_path: Path) -> None:
    more = (
        "--audit-policy-file=/etc/audit/policy.yaml", "--max-requests-inflight=800", "--bind-address=192.168.100.10",
        "--gone=1", "--disable-admission-plugins=NodeRestriction,Old",
    )  # fmt: skip
    made = with_flags(tmp_path, "1.24.9", *more)
    arguments, left = kept(made.change, known(made, "gone"), "3.5")
    assert arguments == {
        "etcd": {"snapshot-count": "10000"},
        "kube-apiserver": {
            "enable-admission-plugins": "NodeRestriction",
            "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
            "max-requests-inflight": "800",
            "disable-admission-plugins": "NodeRestriction",
        },
    }
    assert left == [
        "kube-apiserver --audit-policy-file=/etc/audit/policy.yaml was left out: it names files that are not in the facts",
        "kube-apiserver --bind-address=192.168.100.10 was left out: it names the address of a host, but kubeadm has one value "
        "for all hosts",
        "kube-apiserver --gone=1 was left out: this version does not know it",
        "kube-apiserver --disable-admission-plugins: Old was left out: this version does not know it",
    ]


def test_what_kubeadm_writes_by_itself_is_never_told_to_it() -> None:
    assert not OF_KUBEADM["etcd"] & {"quota-backend-bytes"} and "etcd-servers" in OF_KUBEADM["kube-apiserver"]


def test_the_runbooks_of_a_second_rendering_are_the_same_but_for_their_values(
    planned: Scenario, tmp_path: Path
) -> None:
    members = hosts(3)
    other = {m.name: manifests(m, members, ("--quota-backend-bytes=1",), "3.5") for m in members}
    for name, files in other.items():
        (tmp_path / "facts" / name / "manifests").mkdir(parents=True)
        for file, text in files.items():
            (tmp_path / "facts" / name / "manifests" / file).write_text(text)
    ours, folder = rendered_again(planned.change, tmp_path / "facts", tmp_path / "out")
    assert ours.digest != planned.change.digest
    one, two = (top / "hosts" / "master2" / "runbook.sh" for top in (planned.folder, folder))
    assert one.read_text() != two.read_text()
    assert same_but_for_values(one, two, (planned.change.digest, ours.digest))
    with two.open("a") as runbook:
        runbook.write("# one more line\n")
    assert not same_but_for_values(one, two, (planned.change.digest, ours.digest))


def test_a_folder_of_another_release_is_not_rendered_again(planned: Scenario, tmp_path: Path) -> None:
    refuse_other_templates(planned.change, planned.folder)
    text = (planned.folder / "change.json").read_text()
    (tmp_path / "change.json").write_text(text.replace('"templates_sha256": "', '"templates_sha256": "0'))
    with pytest.raises(Refused, match="rendered by another release"):
        refuse_other_templates(planned.change, tmp_path)
