#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`status`: what runs, what is kept, and what became of the jobs."""
import functools
import json
import os
import subprocess

from jobsworld import DAY, jobs
from simcheck import run_cases


def table(host):
    """`status`: all in one table, and its exit status."""
    with jobs(host) as w:
        out = w.done("status", "--jobs", w.dir, **w.env)
        assert out.splitlines()[0].split() == [
            "DOMAIN", "STATE", "SNAPSHOTS", "NEWEST", "VIEWS", "JOB",
            "BACKUP"], out
        assert out.splitlines()[1].split() == [
            "web1", "running", "0", "-", "-", "-", "-"], out
        w.job("web", "web1")
        rows, _ = w.status(3)
        assert rows["web1"]["wrong"] == "it was never backed up", rows
        assert rows["web2"].get("job") is None, rows
        w.all()
        rows, _ = w.status(0)
        assert rows["web1"]["snapshots"] == 1 and not rows["web1"]["lost"]
        assert rows["web1"]["newest_backup"], rows
        w.set_back(2 * DAY - 60)
        w.status(0)
        w.set_back(120)
        rows, _ = w.status(3)
        assert rows["web1"]["wrong"] == \
            "its newest backup is older than twice 24 h", rows
        w.all()
        w.status(0)
        # A view is lost.
        w.done("create", "web2@a", **w.env)
        rows, _ = w.status(0)
        assert rows["web2"]["snapshots"] == 1 and "newest_snapshot" in \
            rows["web2"]
        view = next(p for p in (w.host.world / "views").iterdir()
                    if "web2" in p.name or ".xs-a" in p.name)
        view.unlink()
        result = w.run("status", "--jobs", w.dir, **w.env)
        assert result.returncode == 3, result
        assert "web2@a: view of " in result.stdout, result
        row, = [x for x in result.stdout.splitlines()
                if x.startswith("web2 ")]
        assert "lost" in row and row.endswith("!"), row
        # No jobs at all: no folder is asked for.
        w.run("status", **w.env)


def no_hypervisor(host):
    """Nothing is backed up, which is a failure; what is known is told."""
    with jobs(host) as w:
        w.job()
        w.job("named", "web1 db*")
        w.all()
        w.host.fault("domains")
        o = w.all(status=1)
        assert [(r["job"], r.get("domain"), r["result"])
                for r in o["results"]] == [
                    ("named", "web1", "failed"), ("web", None, "failed")], o
        assert all("simulated" in r["error"] for r in o["results"]), o
        assert o["backed_up"] == 0, o
        # web2 was backed up and is not named; who knows whether it runs?
        m = w.measured()
        assert m['xensnap_backup_failed{job="named",domain="web1"}'] == 1, m
        assert m['xensnap_backup_failed{job="web",domain="web2"}'] == 0, m
        rows, _ = w.status(3)
        assert {r["state"] for r in rows.values()} == {"unknown"}, rows


def without_xen(host):
    """A program that knows no hypervisor."""
    with jobs(host) as w:
        w.job()
        w.all()
        result = subprocess.run(
            [os.environ["XENSNAP_BARE"], "status", "--json", "--jobs", w.dir],
            env=w.environment(), capture_output=True, text=True, check=False)
        assert result.returncode in (0, 3), result
        rows = json.loads(result.stdout)["domains"]
        assert [r["domain"] for r in rows] == ["web1", "web2"], rows
        assert all(r["state"] == "unknown" and r["newest_backup"] and
                   r["snapshots"] == 1 for r in rows), rows
        assert "which domains run is not known" in result.stderr, result


def main():
    from simhost import Host  # pylint: disable=import-outside-toplevel
    of = functools.partial
    run_cases([
        ("a table", of(table, Host)),
        ("no hypervisor", of(no_hypervisor, Host)),
        ("without Xen", of(without_xen, Host)),
    ])


if __name__ == "__main__":
    main()
