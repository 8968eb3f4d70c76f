# SPDX-License-Identifier: LGPL-2.1-or-later
"""Job files on a simulated host with two domains, and a repository."""
import contextlib
import json

from sourceworld import Sources

DAY = 86400


class Jobs(Sources):
    """A repository, a simulated host with two domains, and job files."""

    def __init__(self, host):
        super().__init__()
        self.host = host
        self.env = {"XENSNAP_SIM": host.env()["XENSNAP_SIM"]}
        self.dir = self.top / "jobs"
        self.dir.mkdir()
        self.metrics = self.top / "xensnap.prom"
        for i, name in enumerate(("web1", "web2")):
            host.domain(name, disks=(f"vg{i}/root", f"vg{i}/data"))

    def job(self, name="web", domains="web*", *more):
        lines = [f"domains = {domains}", f"repository = {self.repo}",
                 f"key-file = {self.key}", *more]
        path = self.dir / f"{name}.conf"
        path.write_text("\n".join(lines) + "\n")
        return path

    def all(self, *words, status=0, **env):
        """`backup --all`; what it said of each domain or job."""
        result = self.run("backup", "--all", "--json", "--jobs", self.dir,
                          "--metrics", self.metrics, *words,
                          **{**self.env, **env})
        assert result.returncode == status, result
        return json.loads(result.stdout)

    def told(self, *words, status=0):
        """The same: {domain or job: result}."""
        return {r.get("domain", r["job"]): r["result"]
                for r in self.all(*words, status=status)["results"]}

    def state_file(self, job="web"):
        return self.top / "a/.jobs" / f"{job}.json"

    def state(self, job="web"):
        return json.loads(self.state_file(job).read_text())

    def set_back(self, seconds, job="web"):
        """Everything was done so long before."""
        state = self.state(job)
        for t in [*state["domains"].values(), state["prune"],
                  state["verify"]]:
            for key in ("good", "attempt"):
                t[key] = max(0, t[key] - seconds)
        self.state_file(job).write_text(json.dumps(state))

    def measured(self):
        """{line without its value: value} of the metrics."""
        lines = self.metrics.read_text().splitlines()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in lines if not line.startswith("#")}

    def status(self, status=0):
        """{domain: row} of `status`, and its other findings."""
        result = self.run("status", "--json", "--jobs", self.dir, **self.env)
        assert result.returncode == status, result
        o = json.loads(result.stdout)
        return {r["domain"]: r for r in o["domains"]}, o["wrong"]

    def stop(self, name):
        self.host.set_state(name, "gone")


@contextlib.contextmanager
def jobs(host):
    with host() as h, Jobs(h) as w:
        yield w
