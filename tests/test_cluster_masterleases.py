"""The phase `cluster` with a real kube-apiserver and etcd: masterleases of old addresses are deleted, waited for, or stop it."""

from __future__ import annotations

from pathlib import Path

from tests.api_server import Api
from tests.kubeadm_objects import BEFORE, NEW, OLD, made_api, made_server, member, texts  # noqa: F401 -- the fixtures


def test_a_masterlease_that_never_runs_out_is_deleted_and_no_other_key(tmp_path: Path, api: Api) -> None:
    lease = "/registry/masterleases/"
    for address in (OLD[0], f"{OLD[0]}0", "10.0.0.9"):
        api.etcdctl("put", lease + address, "x")
    host = member(tmp_path, api, method="restore")
    said = host.runbook("apply", "cluster")
    assert f" del {lease}{OLD[0]}\n" in said
    keys = api.etcdctl("get", lease, "--prefix", "--keys-only").split()
    assert keys == sorted([lease + f"{OLD[0]}0", lease + "10.0.0.9", lease + NEW[0]])
    for address in (f"{OLD[0]}0", "10.0.0.9"):
        api.etcdctl("del", lease + address)


def test_a_masterlease_that_runs_out_is_waited_for(tmp_path: Path, api: Api) -> None:
    ident = api.etcdctl("lease", "grant", "4").split()[1]
    api.etcdctl("put", f"--lease={ident}", f"/registry/masterleases/{OLD[1]}", "x")
    said = member(tmp_path, api).runbook("apply", "cluster")
    assert "waiting, at most 20 s: these masterleases run out by themselves" in said and " del " not in said


def test_a_masterlease_that_somebody_renews_stops_the_phase_before_its_first_change(tmp_path: Path, api: Api) -> None:
    key = f"/registry/masterleases/{OLD[1]}"
    api.etcdctl("put", key, "x")
    host = member(tmp_path, api)
    renew = "eval \"$(declare -f renewals_are | sed '1s/renewals_are/they_are/')\"\n"
    put = f'"$ETCDCTL" --endpoints="$ETCD_URL" put {key} y >/dev/null'
    host.before.append(renew + f'renewals_are() {{ {put}; they_are "$@"; }}')
    assert "still renews the masterlease" in host.runbook("apply", "cluster", expect=3)
    assert texts(api) == BEFORE
    api.etcdctl("del", key)
