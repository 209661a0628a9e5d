"""The phase `cluster` with a real kube-apiserver, etcd and kubectl: what it lists, replaces, refuses and puts back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.api_server import Api
from tests.cluster_phase import Member
from tests.kubeadm_objects import (  # noqa: F401 -- the fixtures
    AFTER,
    BEFORE,
    CONFIG,
    INFO,
    KUBECONFIG,
    NEW,
    OLD,
    PROXY,
    V1BETA4,
    V1BETA4_NEW,
    made_api,
    made_server,
    member,
    texts,
)

SAVED = "kube-system.kubeadm-config.ClusterConfiguration"


def two(api: Api) -> list[str]:
    """The first of them and the last."""
    return [api.get(*CONFIG)["data"]["ClusterConfiguration"], api.get(*PROXY)["data"]["kubeconfig.conf"]]


def generation(api: Api) -> int:
    return int(api.get("kube-system", "kube-proxy", "daemonset")["metadata"]["generation"])


def test_with_kubeadm_every_text_gets_the_new_addresses_and_nothing_else_changes(tmp_path: Path, api: Api) -> None:
    host = member(tmp_path, api)
    before = [api.get(*name) for name in (CONFIG, INFO, PROXY)]
    said = host.runbook("plan", "cluster")
    assert texts(api) == BEFORE and not host.state.exists(), "plan changes nothing"
    assert f"-     server: https://{OLD[0]}:6443\n" in said and f"+     server: https://{NEW[0]}:6443\n" in said
    assert f'+   - "{NEW[1]}"' in said and said.count("replace -f") == 4 and said.count("rollout restart") == 1
    host.runbook("apply", "cluster")
    assert texts(api) == AFTER
    for was, name in zip(before, (CONFIG, INFO, PROXY), strict=True):
        now = api.get(*name)
        assert now["metadata"]["uid"] == was["metadata"]["uid"] and now["metadata"].get("labels") == was[
            "metadata"
        ].get("labels")
        mine = {"ClusterConfiguration", "ClusterStatus", "kubeconfig", "kubeconfig.conf"}
        assert {k: v for k, v in now["data"].items() if k not in mine} == {
            k: v for k, v in was["data"].items() if k not in mine
        }
    assert generation(api) == 2, "kube-proxy is restarted once"
    assert json.loads(host.saved(SAVED).read_text())["data"]["ClusterConfiguration"] == V1BETA4
    assert "done, 0 commands carried out" in host.runbook("apply", "cluster") and generation(api) == 2
    assert "everything holds" in host.runbook("verify", "cluster")


def test_a_member_that_has_not_moved_keeps_its_old_address_in_every_text(tmp_path: Path, api: Api) -> None:
    host = member(tmp_path, api, recorded="new old old")
    host.runbook("apply", "cluster")
    config, status, info, proxy = texts(api)
    assert config.count(OLD[1]) == V1BETA4.count(OLD[1]) and NEW[1] not in config and OLD[1] in status
    assert [info, proxy] == AFTER[2:], "what names the first host is carried before its old address goes"
    assert (host.state / "cluster.done").read_text().split() == ["master1"]
    host.recorded = "new new new"
    host.runbook("apply", "cluster")
    assert texts(api) == AFTER
    assert (host.state / "cluster.done").read_text().split() == ["master1", "master2", "master3"]
    assert json.loads(host.saved(SAVED).read_text())["data"]["ClusterConfiguration"] == V1BETA4, "the first copy stays"
    host.runbook("undo", "cluster")
    assert texts(api) == BEFORE


def test_where_nothing_names_an_old_address_it_holds(tmp_path: Path, api: Api) -> None:
    for text, name, key in (
        (KUBECONFIG % "api.example.org", INFO, "kubeconfig"),
        ("kind: none\n", CONFIG, "ClusterConfiguration"),
    ):
        api.put(*name, {key: text})
    api.forget(*PROXY)
    host = member(tmp_path, api)
    said = host.runbook("apply", "cluster")
    assert "there is no ConfigMap kube-system/kube-proxy, kubeconfig.conf" in said
    assert "there is no ConfigMap kube-system/kubeadm-config, ClusterStatus" in said
    assert "done, 3 commands carried out" in said, "only the note for status, and it is synced before it has its name"
    assert generation(api) == 1


def test_with_list_it_says_what_is_to_be_done_and_does_none_of_it(tmp_path: Path, api: Api) -> None:
    host = member(tmp_path, api, objects="list")
    for verb in ("plan", "apply", "verify"):
        said = host.runbook(verb, "cluster")
        assert said.count("YOURS: ConfigMap ") == 4 and "kubectl -n kube-public edit configmap cluster-info" in said
        assert f"- controlPlaneEndpoint: {OLD[0]}:6443" in said and "rollout restart daemonset kube-proxy" in said
    assert texts(api) == BEFORE and generation(api) == 1 and not host.saved(SAVED).exists()


def test_undo_puts_back_what_nobody_else_has_changed(tmp_path: Path, api: Api) -> None:
    host = member(tmp_path, api)
    assert "replaced no ConfigMap" in host.runbook("undo", "cluster")
    host.runbook("apply", "cluster")
    assert host.runbook("plan", "cluster")
    host.before.append("SERVER_ANSWERS=")
    said = host.runbook("undo", "cluster", expect=3)
    assert "no API answers on " in said and "add that address to its host again first" in said
    host.before.pop()
    host.runbook("undo", "cluster")
    assert texts(api) == BEFORE and generation(api) == 3 and not (host.state / "cluster.done").exists()
    assert "done, 0 commands" in host.runbook("undo", "cluster")
    host.runbook("apply", "cluster")
    info = KUBECONFIG % "api.example.org"
    api.put(*INFO, {"kubeconfig": info})
    said = host.runbook("undo", "cluster", expect=3)
    assert "kube-public/cluster-info, kubeconfig was changed by somebody else" in said
    assert texts(api) == [*AFTER[:2], info, AFTER[3]], "before the first change"
    host.saved("kube-public.cluster-info.kubeconfig").unlink()
    host.runbook("undo", "cluster")
    assert texts(api) == [*BEFORE[:2], info, BEFORE[3]]


def test_a_change_of_somebody_else_between_read_and_replace_is_refused_and_said(tmp_path: Path, api: Api) -> None:
    host = member(tmp_path, api)
    other = V1BETA4.replace("10.244.0.0/16", "10.9.0.0/16")
    rival = tmp_path / "rival.json"
    rival.write_text(json.dumps({"data": {"ClusterConfiguration": other}}))
    at = f"kubectl --kubeconfig={api.kubeconfig} -n kube-system patch configmap kubeadm-config --type=merge --patch-file={rival}"
    hook = "eval \"$(declare -f replace_object | sed '1s/replace_object/replace_it/')\"\n"
    host.before.append(hook + f'replace_object() {{ [[ $1 != 0 ]] || {at} >/dev/null; replace_it "$@"; }}')
    said = host.runbook("apply", "cluster", expect=5)
    assert "the object has been modified" in said and "Somebody may have changed it at the same moment" in said
    assert texts(api) == [other, *BEFORE[1:]]
    host.before.clear()
    host.runbook("apply", "cluster")
    assert texts(api)[0] == V1BETA4_NEW.replace("10.244.0.0/16", "10.9.0.0/16")
    host.runbook("undo", "cluster")
    assert texts(api) == [other, *BEFORE[1:]], "what the other one has written is what comes back"


@pytest.mark.parametrize("verb", ["apply", "undo"])
def test_killed_after_any_command_and_run_again_it_ends_as_if_it_was_not(tmp_path: Path, api: Api, verb: str) -> None:
    """One text that is replaced, and the one that restarts kube-proxy: every kind of command is among theirs."""
    api.put(*CONFIG, {"ClusterConfiguration": V1BETA4})
    api.forget(*INFO)
    host = member(tmp_path, api)
    kills = 0
    for after in range(1, 40):
        if verb == "undo":
            host.runbook("apply", "cluster")
        began = generation(api)
        if host.killed_after(after, verb) == 0:
            break
        kills += 1
        host.runbook(verb, "cluster")
        assert two(api) == (AFTER[0::3] if verb == "apply" else BEFORE[0::3]) and generation(api) > began
        if verb == "apply":
            host.runbook("undo", "cluster")
            assert two(api) == BEFORE[0::3]
            shutil.rmtree(host.state)
    assert kills >= (10 if verb == "apply" else 6)


def test_without_an_answer_of_the_api_nothing_is_changed(tmp_path: Path, api: Api) -> None:
    host = member(tmp_path, api)
    (host.kubernetes / "admin.conf").write_text(api.kubeconfig.read_text().replace(str(api.port), "1"))
    said = host.runbook("apply", "cluster", expect=3)
    assert "the API gives no answer to kubectl: " in said and "refused" in said
    assert "NO: the API gives no answer" in host.runbook("plan", "cluster")
    assert "NO: the API gives no answer" in host.runbook("verify", "cluster", expect=1)
    assert not host.saved(SAVED).exists()


def test_an_api_that_goes_silent_in_the_middle_is_exit_5(tmp_path: Path, api: Api) -> None:
    host = member(tmp_path, api)
    hook = "eval \"$(declare -f renew_object | sed '1s/renew_object/renew_it/')\"\n"
    host.before.append(
        hook + 'renew_object() { renew_it "$@"; [[ $1 != 2 ]] || sed -i s/127.0.0.1/127.0.0.9/ "$kubeconfig"; }'
    )
    said = host.runbook("apply", "cluster", expect=5)
    assert "the API gives no answer" in said and "or roll back: bash runbook.sh undo cluster" in said
    assert texts(api) == [*AFTER[:3], BEFORE[3]]
    host.before.clear()
    host.with_kubeconfig().runbook("apply", "cluster")
    assert texts(api) == AFTER and generation(api) == 2


def test_preflight_on_the_first_member_needs_kubectl_where_it_will_replace(tmp_path: Path, api: Api) -> None:
    alone = 'apply_preflight() { begin "objects"; objects_can_be_read; }'
    host = member(tmp_path, api, before=[alone])
    host.runbook("apply", "preflight")
    nowhere = "has_kubectl() { false; }"
    host.before.append(nowhere)
    assert "kubectl is not on this host" in host.runbook("apply", "preflight", expect=3)
    host.before.remove(nowhere)
    (host.kubernetes / "admin.conf").rename(host.kubernetes / "super-admin.conf")
    host.runbook("apply", "preflight")
    (host.kubernetes / "super-admin.conf").unlink()
    assert "neither admin.conf nor super-admin.conf" in host.runbook("apply", "preflight", expect=3)
    lists = member(tmp_path / "list", api, objects="list", before=[alone, nowhere])
    assert "NOT CHECKED: kubectl is not on this host" in lists.runbook("apply", "preflight")
    assert "NOT CHECKED: kubectl is not on this host" in lists.runbook("apply", "cluster")
    assert "on master1 only" in Member(host.made, tmp_path / "second", api, name="master2", before=[alone]).runbook(
        "apply", "preflight"
    )
