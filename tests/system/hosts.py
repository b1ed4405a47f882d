#!/usr/bin/env python3
"""A search across two hosts over TCP, which are two network namespaces with a cable between them; then the cable is pulled.

Undisturbed, it gives the bytes of a run on one rank. Pulled, the run ends by itself within a minute, names a rank of the other host, and loses
nothing; the same search then goes on on one host. Needs root and the right to make namespaces; skipped where not.

    hosts.py VBQ JOB.toml [--set key=value]...
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import runs

SKIPPED = 77  # CTest's SKIP_RETURN_CODE here
ENDS_WITHIN = 60


class Hosts:
    """hosta (10.99.0.1) and hostb (10.99.0.2)."""

    def __init__(self, work):
        self.names = [f"vbq{os.getpid()}{side}" for side in "ab"]
        self.agent = work / "agent"
        # What mpirun calls instead of ssh: HOST COMMAND...
        self.agent.write_text(f'#!/bin/sh\nshift\nexec ip netns exec {self.names[1]} unshare --uts sh -c "hostname hostb; $*"\n')
        self.agent.chmod(0o755)

    def make(self):
        a, b = self.names
        for name in self.names:
            self.ip("netns", "add", name)
        self.ip("link", "add", "cablea", "netns", a, "type", "veth", "peer", "name", "cableb", "netns", b)
        for name, cable, address in ((a, "cablea", "10.99.0.1/24"), (b, "cableb", "10.99.0.2/24")):
            self.ip("-n", name, "addr", "add", address, "dev", cable)
            self.ip("-n", name, "link", "set", "lo", "up")
            self.ip("-n", name, "link", "set", cable, "up")
        subprocess.run(["unshare", "--uts", "true"], check=True, stderr=subprocess.PIPE)

    def ip(self, *words):
        subprocess.run(["ip", *words], check=True, stderr=subprocess.PIPE)

    def pull_cable(self):
        self.ip("-n", self.names[0], "link", "set", "cablea", "down")

    def end(self):
        for name in self.names:
            inside = subprocess.run(["ip", "netns", "pids", name], check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            for pid in inside.stdout.split():
                runs.send(int(pid), signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)

    def start(self, options, folder):
        """Ranks 0-2 on hosta, 3 and 4 on hostb."""
        changes = [word for change in options.set for word in ("--set", change)]
        script = pathlib.Path(__file__).resolve().parents[2] / "jobs" / "common" / "search.sh"
        search = [str(script), options.job, "--run", str(folder), "--log", "warning", *changes]
        environment = dict(os.environ, LAUNCHER="mpirun", RANKS="5", MAX_RESTARTS="0", VBQ=options.vbq,
                           MPIRUN_OPTIONS=f"--mca plm_rsh_agent {self.agent} --mca btl tcp,vader,self --host 10.99.0.1:3,10.99.0.2:2")
        return subprocess.Popen(["ip", "netns", "exec", self.names[0], "unshare", "--uts", "sh", "-c", 'hostname hosta; exec "$@"', "sh", *search],
                                env=environment, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=(folder.parent / "words").open("w"))  # a pipe would be held open by hostb's side


def scenario(options, work, hosts):
    runs.finish(runs.start(options, 1, work / "alone"), "the run on one rank")
    if hosts.start(options, work / "two").wait() != 0:
        runs.fail(f"the run on two hosts: {(work / 'words').read_text()}")
    runs.same(work / "two", work / "alone", "two hosts")

    changes, options.set = options.set, options.set + ["search.generations=1000000"]
    process = hosts.start(options, work / "cut")
    runs.wait_for_generation(process, work / "cut", 3)
    hosts.pull_cable()
    began = time.monotonic()
    try:
        process.wait(timeout=ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        runs.fail(f"cable pulled: not ended within {ENDS_WITHIN} s: {(work / 'words').read_text()}")
    errors = (work / "words").read_text()
    seconds = time.monotonic() - began
    said = re.findall(r"error: rank [34] on hostb is lost: .*", errors)
    if process.returncode in (0, 75) or len(said) != 1:
        runs.fail(f"cable pulled: exit code {process.returncode}; one message that names rank 3 or 4 on hostb was expected:\n{errors}")
    newest = int(runs.checkpoints(work / "cut")[-1].stem.split("-")[1])
    if newest != runs.generations(work / "cut"):
        runs.fail(f"cable pulled: {runs.generations(work / 'cut')} generations are finished, the newest checkpoint is of {newest}")
    print(f"cable pulled: ended after {seconds:.0f} s, exit code {process.returncode}: {said[0]}", flush=True)
    options.set = changes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq")
    parser.add_argument("job")
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    options.vbq = os.path.realpath(options.vbq)
    work = pathlib.Path(tempfile.mkdtemp(prefix="vbq_hosts_"))
    hosts = Hosts(work)
    try:
        hosts.make()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"skipped: this user may not make network namespaces here ({error})")
        hosts.end()
        shutil.rmtree(work, ignore_errors=True)
        return SKIPPED
    try:
        scenario(options, work, hosts)
    finally:
        hosts.end()
        shutil.rmtree(work, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
