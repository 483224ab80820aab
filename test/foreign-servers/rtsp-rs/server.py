"""Sends an H.264 byte stream (Annex B, with access unit delimiters) over and over by the rtsp-rs package, 25 pictures a second.

    server.py PORT FILE

Serves rtsp://127.0.0.1:PORT/stream. "viewers" on stdin is answered with {"viewers": N}; it ends when stdin closes.
"""

import json
import sys
import threading
import time

import rtsp

DELIMITER = b"\x00\x00\x00\x01\x09"
FPS = 25
CLOCK_RATE = 90000


def send(server, pictures):
    begin = time.monotonic()
    count = 0
    while True:
        try:
            server.send_frame(pictures[count % len(pictures)], CLOCK_RATE // FPS)
        except Exception as error:  # noqa: BLE001: the next picture may find the viewer ready
            print(f"picture {count}: {error}", file=sys.stderr, flush=True)
        count += 1
        time.sleep(max(0, begin + count / FPS - time.monotonic()))


def main():
    port, path = sys.argv[1:]
    with open(path, "rb") as file:
        pictures = [DELIMITER + picture for picture in file.read().split(DELIMITER)[1:]]
    server = rtsp.Server(f"127.0.0.1:{port}")
    server.start()
    threading.Thread(target=send, args=(server, pictures), daemon=True).start()
    for _ in sys.stdin:
        print(json.dumps({"viewers": len(server.get_viewers())}), flush=True)


if __name__ == "__main__":
    main()
