"""tools/bench/report: what it makes of a run, and that making it twice changes nothing."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

from a_run import a_run

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = """before
<!-- budgets of one run: tools/bench/report -->
stale
<!-- end of the budgets -->
between
<!-- profile of that run: tools/bench/report -->
stale
<!-- end of the profile -->
after
"""


SIZES = """before
<!-- of one run: tools/bench/report -->
stale
<!-- end of the run -->
after
"""


class ReportTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.docs = pathlib.Path(directory.name)
        (self.docs / "performance.md").write_text(PAGE)
        (self.docs / "scaling.md").write_text(SIZES)
        self.run_file = self.docs / "run.json"
        self.run_file.write_text(json.dumps(a_run()))

    def report(self, run=None):
        return subprocess.run([sys.executable, "-B", ROOT / "tools" / "bench" / "report", run or self.run_file, "--docs", self.docs],
                              capture_output=True, text=True)

    def page(self, name="performance.md"):
        return (self.docs / name).read_text()

    def test_fills_the_page_between_its_markers(self):
        done = self.report()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(self.page().startswith("before\n<!--"))
        self.assertTrue(self.page().endswith("-->\nafter\n"))
        self.assertNotIn("stale", self.page())
        self.assertIn("| a heartbeat | 1M | 20,000 /s | it | 0.90 | 0.80–1.00 | ≥ 0.8 | ≥ 0.8 | met |", self.page())

    def test_a_budget_is_missed_only_where_the_whole_interval_is_beyond_it(self):
        run = a_run()
        for ratios, verdict in (([1.9, 1.5, 1.0], "met"), ([1.9, 1.5, 2.1], "open"), ([2.1, 2.5, 9.0], "MISSED")):
            for figure in run["figures"]:
                if figure["budget"] and figure["budget"]["what"] == "ready":
                    figure["ratios"] = ratios
            self.run_file.write_text(json.dumps(run))
            self.report()
            self.assertRegex(self.page(), rf"\| ready \| 1M \| 2.00 s \| .* \| ≤ 2 \| ≤ 2 \| {verdict} \|")

    def test_memory_has_a_budget_of_its_own(self):
        self.report()
        self.assertIn("| a connection | 1M | 32.0 KiB |  |  |  | ≤ 24 KiB | ≤ 24 KiB | MISSED |", self.page())
        self.assertIn("met: 1, MISSED: 2.", self.page())

    def test_all_figures_are_on_a_page_of_their_own(self):
        self.report()
        page = self.page("performance/run.md")
        self.assertIn("| Heartbeat sqlite | 1000x1 | 1k | 20,000 /s |  | 0.90 | 0.80–1.00 | it |", page)
        self.assertIn("| BatchHeartbeat sqlite | 8x2 of 1000 | 1k | 0.40 | 0.10 |", page)

    def test_shows_the_profile(self):
        self.report()
        self.assertIn("| heartbeat | 8x64 | 12.50 | 60% | 30% | 10% | 0% | 0% | 0% | 0% |", self.page())
        self.assertIn("`Model::Beat` 5.0%", self.page())

    def test_the_sizes_on_the_other_page_are_of_the_same_run(self):
        self.assertEqual(self.report().returncode, 0)
        self.assertIn("10,000,000 workers", self.page("scaling.md"))
        self.assertIn("deviation", self.page("scaling.md"))

    def test_twice_is_once(self):
        self.report()
        once = self.page(), self.page("scaling.md")
        done = self.report(self.docs / "performance" / "figures.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.page(), self.page("scaling.md")), once)

    def test_draws_what_a_browser_can_show(self):
        self.report()
        for name, words in (("fleet.svg", ["Ready after kill -9", "resident", "1M", "MiB"]), ("latency.svg", ["p99.9", "80k", "accepted"])):
            drawn = xml.etree.ElementTree.parse(self.docs / "performance" / name).getroot()
            text = " ".join(drawn.itertext())
            for word in words:
                self.assertIn(word, text)
            _, _, width, height = map(float, drawn.get("viewBox").split())
            for circle in drawn.iter("{http://www.w3.org/2000/svg}circle"):
                self.assertTrue(0 <= float(circle.get("cx")) <= width and 0 <= float(circle.get("cy")) <= height)

    def test_a_page_without_markers_is_left_alone(self):
        (self.docs / "performance.md").write_text("no markers\n")
        self.assertNotEqual(self.report().returncode, 0)
        self.assertEqual(self.page(), "no markers\n")


if __name__ == "__main__":
    unittest.main()
