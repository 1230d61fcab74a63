"""A bad machine for a daemon: its disk is slow, hangs, fails or is full, its wall clock is wrong, its power is cut."""
import mmap
import os
import pathlib
import shutil
import struct

FIELDS = ("sync_takes_ms", "sync_fails", "write_fails", "fails_log", "fails_file", "syncs_failed")
WALL = struct.calcsize("6i")


class BadMachine:
    """Set a field, and it is so at once: machine.sync_takes_ms = 250. The names are those of `struct control`."""

    def __init__(self, directory, database):
        self.__dict__["database"] = pathlib.Path(database)
        path = pathlib.Path(directory) / "bad-machine"
        path.write_bytes(bytes(mmap.PAGESIZE))
        with open(path, "r+b") as file:
            self.__dict__["page"] = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self.__dict__["environment"] = {**os.environ, "LD_PRELOAD": os.environ["MUSTER_BAD_MACHINE"],
                                        "BAD_MACHINE": str(path), "BAD_MACHINE_DATABASE": str(database)}

    def __setattr__(self, name, value):
        if name == "wall_is_ahead_s":
            struct.pack_into("q", self.page, WALL, value)
        else:
            struct.pack_into("i", self.page, 4 * FIELDS.index(name), value)

    def __getattr__(self, name):
        return struct.unpack_from("i", self.page, 4 * FIELDS.index(name))[0]

    def repair(self):
        for name in FIELDS:
            setattr(self, name, 0)
        self.wall_is_ahead_s = 0

    def cut_power(self):
        """After the process was killed: what was not synced is gone."""
        for path in (self.database, pathlib.Path(f"{self.database}-wal")):
            synced = pathlib.Path(f"{path}.synced")
            if synced.exists():
                shutil.copyfile(synced, path)
        pathlib.Path(f"{self.database}-shm").unlink(missing_ok=True)
