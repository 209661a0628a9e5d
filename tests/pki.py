"""A host's certificates on disk, the bash of templates/ run on them as the runbook would run it, and what is there then."""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests import run_lines

TEMPLATES = Path(__file__).parents[1] / "templates"
PARTS = (
    "runbook/lib/run.sh",
    "runbook/lib/lists.sh",
    "runbook/lib/unit.sh",
    "runbook/lib/der.sh",
    "runbook/lib/certs.sh",
    "runbook/lib/reissue.sh",
    "runbook/lib/leftovers.sh",
    "runbook/lib/leftover_table.sh",
    "runbook/lib/leftover_files.sh",
    "runbook/lib/leftover_keys.sh",
    "runbook/steps/widen_certificates.sh",
    "runbook/steps/narrow.sh",
)
# It sets paths of its own: one function of it is needed here.
JOURNAL = (TEMPLATES / "runbook/lib/journal.sh").read_text()
PUT_IN_PLACE = re.findall(r"^put_in_place\(\) \{\n.*?^\}$", JOURNAL, re.MULTILINE | re.DOTALL)
KUBEADM = """basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth, clientAuth
authorityKeyIdentifier = keyid
"""
RICH = """basicConstraints = critical, CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid, issuer:always
1.3.6.1.4.1.99999.1.2 = DER:0c05686f776479
extendedKeyUsage = critical, clientAuth, serverAuth, 1.2.3.4
nsComment = "all of this is printable"
keyUsage = digitalSignature
certificatePolicies = 1.2.3.4.5
"""
RICH_NAMES = "URI:spiffe://x/y, email:a@example.org, DNS:*.etcd.local, RID:1.2.3.4, IP:fd00::a, IP:192.168.100.10"
NAMES = "DNS:localhost, DNS:master1, IP:192.168.100.10, IP:127.0.0.1, IP:::1"


def openssl(*words: str | Path, stdin: str = "") -> str:
    done = subprocess.run(["openssl", *map(str, words)], input=stdin, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_key(path: Path, kind: str = "EC") -> Path:
    options = ["-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "EC" else ["-pkeyopt", "rsa_keygen_bits:2048"]
    openssl("genpkey", "-algorithm", kind, *(options if kind in ("EC", "RSA") else []), "-out", path)
    path.chmod(0o600)
    return path


def make_ca(folder: Path, name: str = "etcd-ca", kind: str = "EC") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    key = make_key(folder / "ca.key", kind)
    openssl("req", "-x509", "-new", "-key", key, "-subj", f"/CN={name}", "-days", "3650", "-out", folder / "ca.crt")
    return folder / "ca.crt"


def make_leaf(
    path: Path, ca: Path, *, names: str = NAMES, extensions: str = KUBEADM, subject: str = "/CN=master1",
    kind: str = "EC", days: int = 365, key: Path | None = None,
) -> Path:  # fmt: skip
    key = key or make_key(path.with_suffix(".key"), kind)
    request = path.with_suffix(".req")
    config = path.with_suffix(".cnf")
    config.write_text("subjectKeyIdentifier = none\n" * ("subjectKeyIdentifier" not in extensions) + extensions)
    if names:
        config.write_text(config.read_text() + f"subjectAltName = {names}\n")
    openssl("req", "-new", "-utf8", "-key", key, "-subj", subject, "-out", request)
    openssl(
        "x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca.with_suffix(".key"), "-set_serial", "7",
        "-days", str(days), "-extfile", config, "-out", path,
    )  # fmt: skip
    request.unlink()
    config.unlink()
    path.chmod(0o644)
    return path


@dataclass(frozen=True)
class Ran:
    exit: int
    out: str
    err: str


@dataclass
class Host:
    """One host's folder: its certificates, its state folder, and the values the runbook would have."""

    root: Path
    old: str = "192.168.100.10"
    new: str = "192.168.110.10"
    certs: list[Path] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    arrays: dict[str, list[str]] = field(default_factory=dict)

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def backup(self) -> Path:
        return self.state / "backup"

    def saved(self, cert: Path) -> Path:
        return Path(f"{self.backup}/pki{cert}")

    def label(self, cert: Path) -> str:
        return str(cert).removesuffix(".crt").strip("/").replace("/", "-")

    def script(self, mode: str, what: str) -> str:
        values = {
            "MODE": mode, "PHASE": "prepare", "HOST": "master1", "OLD": self.old, "NEW": self.new,
            "STATE": str(self.state), "BACKUP": str(self.backup), "CERT_REQUIRED_CN": "",
            "CERT_REQUIRED_HOSTNAME": "", "PEER_CERT": str(self.certs[0]) if self.certs else "",
            "PHASES": "prepare", "began": "0", "UNIT": "",
            "MANIFESTS": str(self.root / "etc/kubernetes/manifests"), "KUBERNETES": str(self.root / "etc/kubernetes"),
        } | self.values  # fmt: skip
        arrays = {
            "CERT_FILES": [str(c) for c in self.certs],
            "CERT_KEYS": [str(c.with_suffix(".key")) for c in self.certs],
            "CERT_CAS": [str(c.parent / "ca.crt") for c in self.certs],
            "CERT_CA_KEYS": [str(c.parent / "ca.key") for c in self.certs],
            "UNDOABLE": ["prepare", "move"],
            "OLDS": [self.old],
            "NEWS": [self.new],
        } | self.arrays
        lines = ["set -o errexit -o nounset -o pipefail", "umask 077", "export LC_ALL=C"]
        lines += [f"{name}={shlex.quote(value)}" for name, value in values.items()]
        lines += [f"{name}=({' '.join(map(shlex.quote, words))})" for name, words in arrays.items()]
        lines += ["journal() { :; }", "status_after_stop() { :; }", *PUT_IN_PLACE]
        lines += [(TEMPLATES / part).read_text() for part in PARTS]
        lines += [f"SCRATCH=$(mktemp -d {shlex.quote(str(self.root))}/scratch.XXXXXX)", "trap on_exit EXIT"]
        return "\n".join([*lines, what, "finished", ""])

    def call(self, mode: str, what: str) -> Ran:
        """Runs bash code `what` after all the parts, as apply, plan, verify or undo would."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        path = self.root / "script.sh"
        path.write_text(self.script(mode, what))
        done = run_lines.bash(self.root, path.read_text(), path, seconds=120)
        return Ran(done.returncode, done.stdout, done.stderr)

    def answer(self, what: str) -> str:
        """What a function prints, without the frame of a run."""
        done = self.call("plan", f"{what}; exit 0")
        assert done.exit == 0, done.err
        return done.out

    def is_true(self, predicate: str) -> bool:
        return self.answer(f"if {predicate}; then echo yes; else echo no; fi") == "yes\n"

    def apply(self) -> Ran:
        return self.call("apply", "guard_certificates\nwiden_certificates")

    def undo(self) -> Ran:
        return self.call("undo", "narrow_certificates")


def kubeadm_host(root: Path, kind: str = "EC", *, names: str = NAMES, extensions: str = KUBEADM) -> Host:
    """etcd's server and peer certificate of one CA, the apiserver's of another."""
    etcd, top = root / "pki" / "etcd", root / "pki"
    make_ca(etcd, "etcd-ca", kind)
    make_ca(top, "kubernetes", kind)
    host = Host(root)
    host.certs = [
        make_leaf(etcd / "peer.crt", etcd / "ca.crt", kind=kind, names=names, extensions=extensions),
        make_leaf(etcd / "server.crt", etcd / "ca.crt", kind=kind, names=names, extensions=extensions),
        make_leaf(top / "apiserver.crt", top / "ca.crt", kind=kind, subject="/CN=kube-apiserver",
                  names="DNS:kubernetes, IP:10.96.0.1, IP:192.168.100.10"),
    ]  # fmt: skip
    return host


def copied(folder: Path, source: Path) -> Host:
    """The same host in a folder of its own."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
    pki = folder / "pki"
    return Host(folder, certs=[pki / "etcd/peer.crt", pki / "etcd/server.crt", pki / "apiserver.crt"])


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tree(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): sha(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def text_of(cert: Path) -> str:
    return openssl("x509", "-noout", "-text", "-certopt", "no_serial,no_sigdump,no_validity", "-in", cert)


def x509(cert: Path, *what: str) -> str:
    return openssl("x509", "-noout", *what, "-in", cert)
