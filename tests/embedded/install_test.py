"""A project that knows only what `cmake --install` put in place finds Muster, links it, and runs.

Everything is below the build tree: the installed files, the project's own build, its database.
"""
import os
import pathlib
import shutil
import subprocess
import unittest

CMAKE = os.environ["CMAKE"]
BUILD = os.environ["MUSTER_BUILD"]
EXAMPLE = os.environ["MUSTER_EXAMPLE"]
SCRATCH = pathlib.Path(os.environ["MUSTER_SCRATCH"])
PROGRAMS = [name for name in os.environ.get("MUSTER_PROGRAMS", "").split(",") if name]
INSTALLED = SCRATCH / "installed"
EXAMPLE_BUILD = SCRATCH / "build"


def run(*command):
    """What the command says; its errors too if it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=SCRATCH, timeout=240)
    if done.returncode != 0:
        raise AssertionError(f"{command}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(SCRATCH, ignore_errors=True)
        SCRATCH.mkdir(parents=True)
        run(CMAKE, "--install", BUILD, "--prefix", INSTALLED)
        run(CMAKE, "-S", EXAMPLE, "-B", EXAMPLE_BUILD, "-G", os.environ["MUSTER_GENERATOR"],
            f"-DCMAKE_PREFIX_PATH={INSTALLED}", f"-DCMAKE_CXX_COMPILER={os.environ['MUSTER_COMPILER']}",
            "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Wshadow -Wconversion")
        run(CMAKE, "--build", EXAMPLE_BUILD)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(SCRATCH, ignore_errors=True)

    def test_the_programs_are_installed(self):
        for name in PROGRAMS:
            self.assertTrue(run(INSTALLED / "bin" / name, "--help"))

    def test_nothing_private_is_installed(self):
        headers = {path.relative_to(INSTALLED / "include").parts[0] for path in (INSTALLED / "include").rglob("*.h")}
        self.assertEqual(headers, {"muster"})
        for path in INSTALLED.rglob("*.cmake"):
            self.assertNotIn(BUILD, path.read_text(encoding="utf-8").replace(str(INSTALLED), ""), path)

    def test_the_example_runs_in_memory(self):
        for _ in range(2):
            self.assertEqual(run(EXAMPLE_BUILD / "embedded", "memory:"), "worker-1 eu-1 Active 1\n")

    def test_the_example_finds_its_worker_in_a_file_again(self):
        spec = f"sqlite:{SCRATCH / 'workers.db'}"
        for heartbeats in (1, 2):
            self.assertEqual(run(EXAMPLE_BUILD / "embedded", spec), f"worker-1 eu-1 Active {heartbeats}\n")

    def test_a_spec_that_is_none_is_refused(self):
        with self.assertRaisesRegex(AssertionError, "is no store"):
            run(EXAMPLE_BUILD / "embedded", "workers.db")


if __name__ == "__main__":
    unittest.main(verbosity=2)
