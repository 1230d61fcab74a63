"""Runs a command against a fresh daemon: with_daemon.py COMMAND… gets MUSTER_SERVER, and its exit code is passed on."""
import os
import subprocess
import sys

import harness

with harness.Directory() as directory, harness.Daemon(directory, heartbeat_timeout="2s", activation_interval="1s",
                                                      stale_interval="1s", reactivation_interval="1s") as daemon:
    done = subprocess.run(sys.argv[1:], env={**os.environ, "MUSTER_SERVER": daemon.address})
sys.exit(done.returncode)
