"""tools/sizing: its arithmetic, on figures that can be checked in one's head."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from a_run import a_run

ROOT = pathlib.Path(__file__).resolve().parents[2]


class SizingTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.figures = pathlib.Path(directory.name) / "figures.json"
        self.write(a_run())

    def write(self, run):
        self.figures.write_text(json.dumps(run))

    def run_it(self, *arguments):
        return subprocess.run([sys.executable, "-B", ROOT / "tools" / "sizing", "--figures", self.figures, *arguments],
                              capture_output=True, text=True)

    def sized(self, *arguments):
        done = self.run_it("--json", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def needed(self, sized, name):
        return sized["limits"][name][0]

    def test_agents_that_call_the_daemon_themselves(self):
        sized = self.sized("--workers", "1M", "--interval", "20s")
        self.assertEqual(sized["heartbeats"], 50_000)
        self.assertEqual(sized["calls"], 50_000)
        self.assertEqual(sized["connections"], 1_000_000)
        self.assertEqual(sized["commits"], 5000)  # no more than the disk can do
        self.assertAlmostEqual(self.needed(sized, "CPU cores"), 50_000 * 40e-6)
        self.assertAlmostEqual(self.needed(sized, "network, Mbit/s"), 50_000 * 500 * 8 / 1e6)
        self.assertAlmostEqual(self.needed(sized, "disk writes, MB/s"), 5)
        # The base, the workers, the connections.
        self.assertAlmostEqual(self.needed(sized, "memory, GiB") * 1024, 100 + 1e6 / 1024 + 1e6 * 32 / 1024, places=3)
        self.assertAlmostEqual(sized["ready"], 2)
        self.assertAlmostEqual(sized["full_list"], 2)

    def test_relays_that_batch(self):
        sized = self.sized("--workers", "1M", "--interval", "10s", "--batch", "1000", "--relay-workers", "5000")
        self.assertEqual((sized["connections"], sized["calls"]), (200, 100))
        self.assertAlmostEqual(self.needed(sized, "CPU cores"), 100_000 * 2.5e-6)
        self.assertEqual(sized["limits"]["heartbeats/s of one daemon"], [100_000, 1_000_000])

    def test_a_batch_of_any_size_lies_between(self):
        costs = [self.needed(self.sized("--batch", str(batch)), "CPU cores") for batch in (1, 10, 100, 1000)]
        self.assertEqual(costs, sorted(costs, reverse=True))
        self.assertAlmostEqual(costs[0] / costs[-1], 16)

    def test_the_interval_is_what_the_daemon_advises(self):
        self.assertEqual(self.sized("--workers", "1000")["interval"], 10)
        self.assertEqual(self.sized("--workers", "1M")["interval"], 20)
        self.assertEqual(self.sized("--workers", "1G", "--timeout", "2m")["interval"], 40)

    def test_names_the_first_limit_and_how_many_rolls_it_takes(self):
        said = self.run_it("--workers", "10M", "--interval", "10s", "--batch", "1000", "--relay-workers", "5000").stdout
        self.assertIn("The first limit: heartbeats/s of one daemon. Rolls, filled to 50%: 2, 5,000,000 workers each.", said)
        said = self.run_it("--workers", "1M", "--memory", "1GiB", "--batch", "1000", "--relay-workers", "5000").stdout
        self.assertIn("The first limit: memory, GiB. Rolls, filled to 50%: 3, 333,333 workers each.", said)

    def test_check_tells_how_far_off_a_prediction_is(self):
        run = a_run()
        for figure in run["figures"]:
            if figure["what"] == "resident memory" and figure["workers"] == 1_000_000:
                figure["value"] = (100 + 1e6 / 1024) * 2
        self.write(run)
        said = self.run_it("--check").stdout
        self.assertRegex(said, r"resident memory .* -50% \|")
        self.assertRegex(said, r"database with its WAL .* [+-]0% \|")

    def test_nonsense_is_refused(self):
        for arguments in (["--workers", "many"], ["--batch", "1001"], ["--batch", "0"], ["--fill", "0"], ["--workers", "0"]):
            done = self.run_it(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    unittest.main()
