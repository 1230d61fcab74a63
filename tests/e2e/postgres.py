"""A PostgreSQL of a test's own: what tools/postgres is made of, under the name that tests import.

    with postgres.Postgres(durable=False) as server:
        with harness.Daemon(directory, store=server.url): ...
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
from throwaway_postgres import Postgres, Replica, url_of  # noqa: E402

__all__ = ["Postgres", "Replica", "url_of"]
