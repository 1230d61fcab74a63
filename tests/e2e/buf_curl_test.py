"""buf curl, by reflection: no proto file is at hand, only an address. buf_curl_test.py BUF"""
import json
import subprocess
import sys
import unittest

import harness

BUF = sys.argv.pop(1)


class ByReflection(unittest.TestCase):
    def setUp(self):
        directory = self.enterContext(harness.Directory())
        self.daemon = self.enterContext(harness.Daemon(directory))

    def curl(self, *arguments):
        command = [BUF, "curl", "--protocol", "grpc", "--http2-prior-knowledge", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=self.daemon.directory)

    def call(self, method, **request):
        done = self.curl("--data", json.dumps(request), f"http://{self.daemon.address}/muster.v1.{method}")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_list_register_heartbeat_get(self):
        listed = self.curl("--list-methods", f"http://{self.daemon.address}")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertIn("muster.v1.WorkerCommands/Heartbeat", listed.stdout)
        self.assertIn("muster.v1.WorkerQueries/GetWorker", listed.stdout)
        added = self.call("WorkerCommands/RegisterWorker", workerId="a", region="eu", capacity=2)["worker"]
        self.assertEqual(added["status"], "WORKER_STATUS_PENDING")
        self.assertIn("recordedAt", self.call("WorkerCommands/Heartbeat", workerId="a", inUse=1))
        found = self.call("WorkerQueries/GetWorker", workerId="a", view="WORKER_VIEW_HEARTBEATS")["worker"]
        self.assertEqual((found["inUse"], found["heartbeats"]["total"]), (1, "1"))
        refused = self.curl("--data", '{"workerId":"ghost"}',
                            f"http://{self.daemon.address}/muster.v1.WorkerQueries/GetWorker")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("not_found", refused.stderr)


if __name__ == "__main__":
    harness.main()
