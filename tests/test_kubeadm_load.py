"""The figures that come out of what writers and watcher said."""

from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.load import Load
from etcd_renumber.rehearsal.kubeadm.spec import Spec


def load() -> Load:
    """From 10 to 20 s, acknowledged at 11, 12, 12.5 and 16."""
    made = Load(Cluster(Spec()))
    made.began, made.stopped = 10.0, 20.0
    made.acked = [("a", 11.0), ("c", 12.5), ("b", 12.0), ("d", 16.0)]
    return made


def test_gaps_are_the_longest_first_with_both_edges() -> None:
    assert load().gaps() == [(16.0, 4.0), (12.5, 3.5), (10.0, 1.0), (11.0, 1.0), (12.0, 0.5)]


def test_a_gap_is_cut_where_somebody_looks_at_a_part() -> None:
    assert load().largest_gap(since=13.0, until=17.0) == 3.0
    assert load().largest_gap(since=17.0, until=17.5) == 0.5


def test_what_was_away_counts_from_gone_to_back_and_to_the_end_where_it_stays_away() -> None:
    made = load()
    made.changes = [
        ("etcd", 10.0, "master1", "77"),
        ("etcd", 11.0, "master1", "0"),
        ("etcd", 11.5, "master2", "0"),
        ("etcd", 13.5, "master1", "78"),
        ("ready", 15.0, "master1", "no"),
    ]
    assert made.away("etcd", "master1") == [2.5]
    assert made.away("etcd", "master2") == [8.5]
    assert made.away("ready", "master1") == [5.0]
    assert made.away("etcd", "master1", since=12.0) == []


def test_renewals_of_a_lease_are_told_apart() -> None:
    made = load()
    made.changes = [
        ("lease", 11.0, "kube-scheduler", "t1"),
        ("lease", 12.0, "master1", "t2"),
        ("lease", 13.0, "kube-scheduler", "t3"),
    ]
    assert made.renewals("kube-scheduler") == [11.0, 13.0]
    assert "Lease kube-scheduler: 2 renewals, longest time without 7.0 s" in made.summary()
