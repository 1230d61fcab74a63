"""The log never holds the daemon up, whatever standard error is, and no client can flood it."""
import contextlib
import fcntl
import os
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

import harness
from harness import ACTIVE, until

FRAME_DATA, FRAME_HEADERS, FRAME_SETTINGS = 0, 1, 4
END_STREAM, END_HEADERS = 1, 4


def text(value):
    """A string of HPACK, not compressed."""
    if len(value) < 127:
        return bytes([len(value)]) + value
    rest, size = len(value) - 127, b"\x7f"
    while rest >= 128:
        size, rest = size + bytes([rest % 128 + 128]), rest // 128
    return size + bytes([rest]) + value


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def call(stream, **headers):
    """A call of Heartbeat in raw HTTP/2, with an empty message."""
    fields = {b":method": b"POST", b":scheme": b"http", b":path": b"/muster.v1.WorkerCommands/Heartbeat", b":authority": b"x",
              b"content-type": b"application/grpc", b"te": b"trailers",
              **{name.replace("_", "-").encode(): value for name, value in headers.items()}}
    block = b"".join(b"\x00" + text(name) + text(value) for name, value in fields.items())
    return frame(FRAME_HEADERS, END_HEADERS, stream, block) + frame(FRAME_DATA, END_STREAM, stream, b"\0" * 5)


def unknown_encodings(daemon, calls):
    """Sends `calls` calls with an encoding of 2 KB that nobody knows."""
    with socket.create_connection(("127.0.0.1", daemon.port)) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(FRAME_SETTINGS, 0, 0))
        reader = threading.Thread(target=lambda: drain(connection))
        reader.start()
        for number in range(calls):
            connection.sendall(call(2 * number + 1, grpc_encoding=os.urandom(1000).hex().encode()))
        connection.shutdown(socket.SHUT_WR)
        reader.join(60)
        assert not reader.is_alive()


def drain(connection):
    with contextlib.suppress(OSError):
        while connection.recv(1 << 16):
            pass


class Log(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(harness.Directory())

    def daemon(self, output=None):
        daemon = harness.Daemon(self.directory, **harness.CALM)
        daemon.output = output
        return self.enterContext(daemon)

    def pipe(self):
        """One that holds a page."""
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        return reader, writer

    def fill(self, writer):
        """To the last byte. Opened anew, so that the daemon's own end stays blocking."""
        again = os.open(f"/proc/self/fd/{writer}", os.O_WRONLY | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(again, b"x")
        os.close(again)

    def test_a_reader_that_has_stalled_holds_up_neither_heartbeats_nor_the_end(self):
        reader, writer = self.pipe()
        daemon = self.daemon(writer)
        daemon.register("w")
        self.fill(writer)
        unknown_encodings(daemon, 100)  # each is a line of the log, on the thread that reads what clients send
        daemon.signal(signal.SIGHUP)    # a line of the main thread
        for _ in range(20):
            daemon.beat("w", timeout=10)
        daemon.run_scheduler()
        self.assertEqual(daemon.get("w").status, ACTIVE)
        begin = time.monotonic()
        self.assertEqual(daemon.stop(), 0)
        print(f"stopped in {time.monotonic() - begin:.2f} s, with a log that nobody reads")
        os.close(reader)
        os.close(writer)

    def test_a_second_signal_ends_it_though_nobody_reads_the_log(self):
        reader, writer = self.pipe()
        daemon = self.daemon(writer)
        self.fill(writer)
        daemon.signal(signal.SIGTERM)
        with contextlib.suppress(ProcessLookupError):
            daemon.signal(signal.SIGTERM)
        self.assertIn(daemon.wait_for_the_end(), (0, 1))
        os.close(reader)
        os.close(writer)

    def test_a_closed_pipe_ends_nothing(self):
        reader, writer = self.pipe()
        os.close(reader)
        daemon = self.daemon(writer)
        os.close(writer)
        daemon.register("w")
        daemon.beat("w")
        self.assertEqual(daemon.stop(), 0)

    def test_started_without_standard_error_the_log_goes_to_no_other_file(self):
        daemon = harness.Daemon(self.directory, f"sqlite:{self.directory}/roll.db", **harness.CALM)
        process = subprocess.Popen(["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *daemon.command()])
        try:
            until(lambda: daemon.port_file.exists(), 60, "the port")
            for descriptor in (0, 1, 2):
                # gRPC opens its first descriptor before main.
                self.assertIn(os.readlink(f"/proc/{process.pid}/fd/{descriptor}"), ("/dev/null", "anon_inode:[eventfd]"))
        finally:
            process.terminate()
            self.assertEqual(process.wait(harness.STOPS_WITHIN), 0)

    def test_no_client_floods_the_log(self):
        daemon = self.daemon()
        daemon.register("w")
        calls = 2000
        unknown_encodings(daemon, calls)
        daemon.beat("w")
        self.assertEqual(daemon.stop(), 0)  # which tells what was left out
        log = daemon.log()
        print(f"{calls} calls with an unknown encoding of 2,000 bytes: {len(log):,} bytes of log")
        self.assertLess(len(log), 200_000)
        self.assertIn("lines like this were left out: there were too many of them message=grpc", log)
        self.assertLess(max(map(len, log.splitlines())), 4096)


if __name__ == "__main__":
    harness.main()
