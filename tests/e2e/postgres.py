"""A PostgreSQL of a test's own: what tools/postgres is made of, under the name that tests import.

    with postgres.Postgres(durable=False) as server:
        with harness.Daemon(directory, store=server.url): ...
"""
import pathlib
import subprocess
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
from throwaway_postgres import Postgres, Replica, newest_bin, url_of  # noqa: E402

__all__ = ["Postgres", "Replica", "fresh_roll", "psql", "url_of"]


def psql(url, script):
    subprocess.run([f"{newest_bin()}/psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", script], check=True)


def fresh_roll(url):
    """A roll of its own on a server that others use too: in a schema of its own."""
    schema = f"roll_{uuid.uuid4().hex[:12]}"
    psql(url, f"CREATE SCHEMA {schema}")
    return f"{url}?options=-csearch_path%3D{schema}"
