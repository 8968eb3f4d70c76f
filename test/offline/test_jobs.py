#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Job files and `backup --all`, on a simulated host."""
import functools
import json
import signal
import stat
import time

from jobsworld import DAY, jobs
from simcheck import run_cases


def twice(host):
    """Both domains, and then only what changed."""
    with jobs(host) as w:
        w.job()
        begin = int(time.time())
        o = w.all()
        assert (o["backed_up"], o["failed"], o["not_due"]) == (2, 0, 0), o
        assert [r["domain"] for r in o["results"]] == ["web1", "web2"], o
        assert sorted(w.names()) == ["web1", "web2"]
        w.host.tick(5)
        o = w.all()
        for r in o["results"]:
            assert r["result"] == "backed-up", r
            # How much the guest writes depends on how long the save took.
            assert 0 < r["new_bytes"] < r["bytes"] * 3 / 4, r
        assert len(w.names()) == 4
        # One base for each domain.
        assert len(w.done("list", "--names", **w.env).split()) == 2
        for t in w.state()["domains"].values():
            assert begin <= t["good"] == t["attempt"] <= time.time(), t
            assert t["error"] == "", t
        m = w.measured()
        for name in ("web1", "web2"):
            of = f'{{job="web",domain="{name}"}}'
            good = m["xensnap_backup_last_success_timestamp_seconds" + of]
            assert begin <= good <= time.time(), m
            assert m["xensnap_backup_failed" + of] == 0, m
        assert m['xensnap_backup_interval_seconds{job="web"}'] == DAY, m
        assert m['xensnap_backup_job_bad{job="web"}'] == 0, m
        assert stat.S_IMODE(w.metrics.stat().st_mode) == 0o644
        assert stat.S_IMODE(w.state_file().stat().st_mode) == 0o600
        w.checked()


def words(host):
    """What people read."""
    with jobs(host) as w:
        w.job("web", "web* mail*")
        result = w.run("backup", "--all", "--jobs", w.dir, **w.env)
        lines = result.stdout.splitlines()
        assert result.returncode == 0, result
        assert lines[0].startswith("web: web1: backed up, "), lines
        assert lines[1].startswith("web: web2: backed up, "), lines
        assert lines[2] == "2 backed up, 0 failed, 0 not due", lines
        assert "web: mail*: no domain that runs is called so" in \
            result.stderr, result
        result = w.run("backup", "--all", "--due", "--jobs", w.dir, "-q",
                       **w.env)
        assert (result.stdout, result.stderr) == ("", ""), result
        result = w.run("backup", "--all", "--dry-run", "--jobs", w.dir,
                       **w.env)
        assert "web: web1: would be backed up" in result.stdout, result
        w.job("web", "web1", "keep-last = 1", "verify = 1d")
        result = w.run("backup", "--all", "--jobs", w.dir, **w.env)
        assert result.returncode == 0, result
        assert "web: web1: 1 older backup forgotten" in result.stdout, result
        assert "web: its repository is whole" in result.stdout, result


def due(host):
    """--due: nothing right afterwards, all a day later, and what failed."""
    with jobs(host) as w:
        w.job()
        assert set(w.told("--due").values()) == {"backed-up"}
        assert set(w.told("--due").values()) == {"not-due"}
        w.set_back(DAY // 2)
        assert set(w.told("--due").values()) == {"not-due"}
        state = w.state()
        state["domains"]["web2"]["good"] -= DAY // 2
        w.state_file().write_text(json.dumps(state))
        assert w.told("--due") == {"web1": "not-due", "web2": "backed-up"}
        # Without --due it is not asked for.
        assert set(w.told().values()) == {"backed-up"}
        w.set_back(DAY)
        w.job("web", "web*", "every = 2d")
        assert set(w.told("--due").values()) == {"not-due"}
        assert len(w.names()) == 5


def window(host):
    """between: in local time, only with --due."""
    with jobs(host) as w:
        at = time.gmtime()
        away = f"{(at.tm_hour + 2) % 24:02}:00-{(at.tm_hour + 3) % 24:02}:00"
        w.job("web", "web*", f"between = {away}")
        env = {"TZ": "UTC0"}
        o = w.all("--due", **env)
        assert [r["result"] for r in o["results"]] == ["not-now"], o
        assert w.names() == [] and not w.state_file().exists()
        o = w.all("--due", TZ="EAST-2:00")
        if at.tm_hour == time.gmtime().tm_hour:
            assert o["backed_up"] == 2, o
        assert w.all(**env)["backed_up"] == 2


def one_fails(host):
    """The other one is backed up; it is seen everywhere, and tried again."""
    with jobs(host) as w:
        w.job()
        w.all()
        first = w.state()["domains"]["web1"]["good"]
        w.set_back(DAY)
        # A view of one of its disks cannot be made.
        config = w.host.world / "domains/web1/config"
        was = config.read_text()
        config.write_text(was.replace("live=yes", "live=no: a test").replace(
            "save=yes", "save=no: a test"))
        result = w.run("backup", "--all", "--due", "--jobs", w.dir,
                       "--metrics", w.metrics, **w.env)
        assert result.returncode == 1, result
        error, = [line for line in result.stderr.splitlines()
                  if line.startswith("xensnap: web: web1: ")]
        assert "a test" in error, error
        assert "web: web2: backed up" in result.stdout, result
        assert "1 backed up, 1 failed" in result.stdout, result
        t = w.state()["domains"]["web1"]
        assert t["good"] == first - DAY < t["attempt"], t
        assert "a test" in t["error"], t
        m = w.measured()
        assert m['xensnap_backup_failed{job="web",domain="web1"}'] == 1, m
        assert m['xensnap_backup_failed{job="web",domain="web2"}'] == 0, m
        rows, _ = w.status(3)
        assert "a test" in rows["web1"]["wrong"], rows
        assert "wrong" not in rows["web2"], rows
        config.write_text(was)
        assert w.told("--due") == {"web1": "backed-up", "web2": "not-due"}
        assert w.state()["domains"]["web1"]["error"] == ""
        w.status(0)


def not_sent(host):
    """What cannot be sent is not kept, time after time."""
    with jobs(host) as w:
        w.job()
        w.all()
        before = w.done("list", "--names", **w.env)
        packs = w.repo / "packs"
        packs.rename(w.top / "packs")
        packs.write_text("")
        for _ in range(2):
            o = w.all(status=1)
            assert all("was deleted again" in r["error"]
                       for r in o["results"]), o
        assert w.done("list", "--names", **w.env) == before
        packs.unlink()
        (w.top / "packs").rename(packs)
        w.all()
        w.checked()


def no_key(host):
    """And nobody is asked."""
    with jobs(host) as w:
        w.job()
        text = (w.dir / "web.conf").read_text()
        (w.dir / "web.conf").write_text(
            text.replace(str(w.key), f"{w.key}.gone"))
        o = w.all(status=1)
        assert [r["result"] for r in o["results"]] == ["failed"] * 2, o
        assert all("key.gone" in r["error"] for r in o["results"]), o
        assert w.done("list", "--names", **w.env) == ""


def prunes(host):
    """Each name by the rules of the job; others are left alone."""
    with jobs(host) as w:
        w.backup(b"x" * 70000, name="other")
        w.backup(b"y" * 70000, name="other")
        w.job("web", "web*", "keep-last = 2")
        for n in (1, 2):
            w.all()
            assert len(w.names()) == 2 + 2 * n
        time.sleep(1)
        o = w.all()
        assert [r["result"] for r in o["results"]] == [
            "backed-up", "backed-up", "pruned", "pruned"], o
        assert [r.get("forgotten") for r in o["results"]] == [
            None, None, 1, 1], o
        assert sorted(w.names()) == ["other"] * 2 + ["web1"] * 2 + \
            ["web2"] * 2
        assert w.state()["prune"]["good"] > 0
        w.checked()


def verifies(host):
    """By a time of its own; damage is seen."""
    with jobs(host) as w:
        w.job("web", "web*", "verify = 7d")
        o = w.all("--due")
        assert o["results"][-1] == {"job": "web", "result": "verified"}, o
        assert all(r["result"] != "verified" for r in w.all()["results"])
        w.set_back(7 * DAY)
        for path in (w.repo / "packs").rglob("*"):
            if path.is_file():
                path.unlink()
                break
        o = w.all("--job", "web", "--due", status=1)
        assert o["results"][-1]["result"] == "failed", o
        assert "is damaged" in o["results"][-1]["error"], o
        m = w.measured()
        assert m['xensnap_verify_failed{job="web"}'] == 1, m
        age = time.time() - m[
            'xensnap_verify_last_success_timestamp_seconds{job="web"}']
        assert 6.9 * DAY < age < 7.1 * DAY, m
        _, notes = w.status(3)
        assert any("is damaged" in n for n in notes), notes
        # Not at each tick: it reads a lot.
        assert all(r["result"] != "failed"
                   for r in w.all("--due")["results"])


def lists(host):
    """Wildcards, except, names; what does not run."""
    with jobs(host) as w:
        w.host.domain("db1", disks=("vg2/root",))
        w.job("one", "web* db1 mail?", "except = web2")
        assert w.told() == {"web1": "backed-up", "db1": "backed-up",
                            "mail?": "no-match"}
        # Named: it should be there.
        w.job("two", "db1 db9")
        o = w.all("--job", "two", status=1)
        assert [(r["domain"], r["result"]) for r in o["results"]] == [
            ("db1", "backed-up"), ("db9", "failed")], o
        assert o["results"][1]["error"] == "it does not run", o
        rows, _ = w.status(3)
        assert rows["db9"]["state"] == "gone", rows
        assert "it does not run" in rows["db9"]["wrong"], rows
        # By a wildcard: one that is gone is nobody's failure.
        w.job("two", "db1")
        w.stop("web1")
        w.set_back(9 * DAY, "one")
        assert w.told("--due", "--job", "one") == {
            "db1": "backed-up", "mail?": "no-match"}
        assert 'domain="web1"' not in w.metrics.read_text()
        rows, _ = w.status(0)
        assert rows["web1"]["state"] == "gone", rows
        # No more of the job: no more known.
        w.job("one", "db1")
        w.told("--job", "one")
        assert list(w.state("one")["domains"]) == ["db1"]


def bad_files(host):
    """One line for each, with file and line; the others are run."""
    with jobs(host) as w:
        w.job()
        path = w.job("bad", "web*", "color = red")
        (w.dir / ".hidden.conf").write_text("x")
        (w.dir / "web.conf~").write_text("x")
        o = w.all(status=1)
        assert [r["result"] for r in o["results"]] == [
            "failed", "backed-up", "backed-up"], o
        assert o["results"][0]["error"] == \
            f"{path}:4: there is no key 'color'", o
        assert w.measured()['xensnap_backup_job_bad{job="bad"}'] == 1
        _, notes = w.status(3)
        assert notes == [f"{path}:4: there is no key 'color'"], notes
        w.fails(1, "bad.conf:4", "backup", "--all", "-q", "--job", "bad",
                "--jobs", w.dir, **w.env)
        w.fails(1, "there is no job nosuch", "backup", "--all", "--job",
                "nosuch", "--jobs", w.dir, **w.env)
        w.fails(1, "nowhere", "backup", "--all", "--jobs", w.top / "nowhere",
                **w.env)
        (w.top / "empty").mkdir()
        w.fails(1, "there are no job files", "backup", "--all", "--jobs",
                w.top / "empty", **w.env)


def usage(host):
    """One line, nothing made."""
    with jobs(host) as w:
        w.job()
        w.fails(2, "--name: with --all", "backup", "--all", "--name", "x")
        w.fails(2, "the job files say", "backup", "--all", w.repo)
        w.fails(2, "--due is for --all", "backup", "--due", "web1", w.repo)
        w.fails(2, "REPO is missing", "backup")
        assert w.names() == []


def broken_state(host):
    """A warning, and all is taken for never done."""
    for text in ("{", "[]", '{"domains": {}}', '{"domains": {"a@b": {}}}'):
        with jobs(host) as w:
            w.job()
            w.all()
            w.state_file().write_text(text)
            result = w.run("backup", "--all", "--due", "--jobs", w.dir,
                           **w.env)
            assert result.returncode == 3, (text, result)
            assert "taken for never done" in result.stderr, result
            assert "2 backed up" in result.stdout, result
            assert w.state()["domains"]["web1"]["good"] > 0


def busy(host):
    """Two at once; killed, the lock is free, and what it began is seen."""
    with jobs(host) as w:
        w.job()
        w.job("other", "nobody*")
        p = w.stopped_at("jobs.begun", "backup", "--all", "--jobs", w.dir,
                         **w.env)
        o = w.all(status=4)
        assert [(r["job"], r["result"]) for r in o["results"]] == [
            ("other", "no-match"), ("web", "busy")], o
        assert o["busy"] == 1 and w.names() == [], o
        p.send_signal(signal.SIGKILL)
        p.wait()
        w.host.wait_for_orphans()
        rows, _ = w.status(3)
        assert "did not end" in rows["web1"]["wrong"], rows
        assert w.all("--due")["backed_up"] == 2
        w.status(0)


def dies(host, place):
    """kill -9 in the middle of a backup."""
    with jobs(host) as w:
        w.job()
        p = w.stopped_at(place, "backup", "--all", "--jobs", w.dir, **w.env)
        p.send_signal(signal.SIGKILL)
        p.wait()
        w.host.wait_for_orphans()
        w.done("recover", **w.env)
        assert "did not end" in w.state()["domains"]["web1"]["error"]
        assert w.all("--due")["backed_up"] == 2
        assert len(w.done("list", "--names", **w.env).split()) == 2
        w.checked()


def dry(host):
    """Nothing is made, nothing is written down."""
    with jobs(host) as w:
        w.job("web", "web*", "keep-last = 1", "verify = 1d")
        o = w.all("--dry-run")
        assert [r["result"] for r in o["results"]] == ["would-back-up"] * 2, o
        assert w.names() == [] and not (w.top / "a/.jobs").exists()
        assert not w.metrics.exists()
        assert w.done("list", "--names", **w.env) == ""
        w.all()
        before = w.state_file().read_bytes(), w.names()
        assert set(w.told("--dry-run", "--due").values()) == {"not-due"}
        w.told("--dry-run")
        assert (w.state_file().read_bytes(), w.names()) == before


def main():
    from simhost import Host  # pylint: disable=import-outside-toplevel
    of = functools.partial
    run_cases([
        ("two domains, twice", of(twice, Host)),
        ("what is told", of(words, Host)),
        ("--due", of(due, Host)),
        ("between", of(window, Host)),
        ("one domain fails", of(one_fails, Host)),
        ("it cannot be sent", of(not_sent, Host)),
        ("no key", of(no_key, Host)),
        ("prune", of(prunes, Host)),
        ("verify", of(verifies, Host)),
        ("which domains", of(lists, Host)),
        ("files that are wrong", of(bad_files, Host)),
        ("wrong input", of(usage, Host)),
        ("a state that is broken", of(broken_state, Host)),
        ("two at once", of(busy, Host)),
        ("--dry-run", of(dry, Host)),
    ] + [(f"it dies at {place}", of(dies, Host, place)) for place in (
        "protect.frozen", "protect.sent")])


if __name__ == "__main__":
    main()
