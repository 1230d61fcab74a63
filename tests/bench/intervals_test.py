"""tools/bench/intervals.py: how sure a median is, and percentiles of the samples of several rounds."""
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "bench"))
from intervals import interval_of_median, pooled_ms, pooled_ratio  # noqa: E402


class IntervalsTest(unittest.TestCase):
    def test_of_few_rounds_it_is_all_that_there_is(self):
        self.assertEqual(interval_of_median([3, 1, 2]), [1, 3])
        self.assertEqual(interval_of_median([5]), [5, 5])
        self.assertEqual(interval_of_median([1, 2, 3, 4, 5]), [1, 5])

    def test_of_many_rounds_the_outermost_do_not_count(self):
        self.assertEqual(interval_of_median([100, 2, 3, 4, 5, 6, 7, 8, -100]), [2, 8])
        self.assertEqual(interval_of_median(list(range(15))), [3, 11])

    def test_a_percentile_is_of_all_samples_together(self):
        quiet, busy = [[1000, 99], [2000, 1]], [[50_000, 100]]
        self.assertEqual(pooled_ms([quiet]), 1)
        self.assertEqual(pooled_ms([quiet] * 99 + [busy]), 2)
        self.assertEqual(pooled_ms([quiet] * 49 + [busy]), 50)

    def test_one_round_that_decides_makes_the_interval_wide(self):
        calm, wild = [[1000, 100]], [[1000, 50], [9000, 50]]
        ratio, interval = pooled_ratio([calm] * 8 + [wild], [calm] * 9)
        self.assertEqual((ratio, interval), (9, [1, 9]))
        self.assertEqual(pooled_ratio([wild] * 9, [calm] * 9), (9, [9, 9]))

    def test_a_ratio_of_few_rounds_shows_each_of_them(self):
        one, two, four = [[1000, 10]], [[2000, 10]], [[4000, 10]]
        self.assertEqual(pooled_ratio([two, four], [one, one]), (4, [2, 4]))


if __name__ == "__main__":
    unittest.main()
