"""Reads MJPEG over a slow line: slow-reader.py HOST PORT PATH AUTHORIZATION BYTES_PER_SECOND SECONDS

Packets of Ethernet's size and a small window, as a line of that rate has; over loopback's packets of 64 KB a sender's kernel would
take megabytes. Prints a JSON list of [seconds since the request, age of the picture in ms], one for each picture that is whole.
"""

import json
import re
import socket
import sys
import time

host, port, path, authorization, rate, seconds = sys.argv[1:]
rate, seconds = float(rate), float(seconds)

reader = socket.socket()
reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
reader.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1448)
reader.connect((host, int(port)))
reader.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: {authorization}\r\n\r\n".encode())

began = time.monotonic()
text, taken, pictures = b"", 0, []
while (now := time.monotonic() - began) < seconds:
    allowed = int(now * rate) - taken
    if allowed < 1024:
        time.sleep(0.01)
        continue
    chunk = reader.recv(allowed)
    if not chunk:
        sys.exit(f"the connection ended after {now:.1f} s")
    taken += len(chunk)
    text += chunk
    while (end := text.find(b"\r\n--frame\r\n", 12)) >= 0:
        captured = re.search(rb"X-Timestamp: ([\d.]+)", text[:end])
        if captured:
            pictures.append([now, 1000 * (time.time() - float(captured[1]))])
        text = text[end:]
print(json.dumps(pictures))
