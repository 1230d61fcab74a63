"""Runs a command against a fresh daemon: with_daemon.py [--calm] COMMAND…

The command gets MUSTER_SERVER and MUSTER_HTTP, and its exit code is passed on. The daemon's jobs run every second, and
two seconds of silence are Offline; with --calm they run when they are told to, and the timeout is as by default.
"""
import os
import subprocess
import sys

import harness

command = sys.argv[1:]
hurry = dict(heartbeat_timeout="2s", activation_interval="1s", stale_interval="1s", reactivation_interval="1s")
if command[0] == "--calm":
    command, hurry = command[1:], harness.CALM
with harness.Directory() as directory, harness.Daemon(directory, http=True, **hurry) as daemon:
    done = subprocess.run(command, env={**os.environ, "MUSTER_SERVER": daemon.address, "MUSTER_HTTP": daemon.http})
sys.exit(done.returncode)
