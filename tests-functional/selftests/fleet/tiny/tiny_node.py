"""A small real node for the fleet's own tests: serves HTTP, keeps a counter on disk, sees its environment.

GET /health, /count (number of /bump so far, kept on disk), /env/NAME, /fetch?url=URL (what it sees there),
/burn?ms=N (uses CPU), /write?bytes=N (what it may write into its data directory);
POST /bump. Every request is a line of the log.
With --udp it echoes datagrams at the same port number, and /udp?host=HOST&port=PORT is what another one echoes here.
"""

import argparse
import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/health":
            self.answer(self.server.health, "tiny")
        elif url.path == "/count":
            self.answer(200, self.server.counter.read_text())
        elif url.path.startswith("/env/"):
            self.answer(200, os.environ.get(url.path.removeprefix("/env/"), ""))
        elif url.path == "/fetch":
            self.fetch(query["url"])
        elif url.path == "/udp":
            self.ask_udp(query["host"], int(query["port"]))
        elif url.path == "/write":
            self.write(int(query["bytes"]))
        elif url.path == "/burn":
            end = time.process_time() + int(query["ms"]) / 1000
            while time.process_time() < end:
                pass
            self.answer(200, "burnt")
        else:
            self.answer(404, "")

    def do_POST(self):
        if self.path != "/bump":
            return self.answer(404, "")
        count = int(self.server.counter.read_text()) + 1
        self.server.counter.write_text(str(count))
        self.answer(200, str(count))

    def fetch(self, url):
        try:
            with urllib.request.urlopen(url, timeout=2) as response:
                self.answer(200, response.read().decode())
        except (urllib.error.URLError, OSError) as error:
            self.answer(502, str(error))

    def ask_udp(self, host, port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(1)
            asking.connect((host, port))
            try:
                asking.send(b"echo")
                self.answer(200, asking.recv(100).decode())
            except OSError as error:
                self.answer(502, str(error))

    def write(self, size):
        try:
            self.server.counter.with_name("written").write_bytes(bytes(size))
            self.answer(200, "")
        except OSError as error:
            self.answer(507, str(error))

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def echo_datagrams(serving):
    while True:
        data, sender = serving.recvfrom(65536)
        serving.sendto(data, sender)


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--fail", type=int, help="say why and exit with this code")
    parser.add_argument("--health", type=int, default=200, help="status that /health answers")
    parser.add_argument("--udp", action="store_true", help="echo datagrams too")
    args = parser.parse_args()
    print("tiny node starts", flush=True)
    if args.fail is not None:
        print("the moon is in the wrong phase", flush=True)
        return args.fail
    counter = args.data / "count"
    if not counter.exists():
        counter.write_text("0")
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    server = ThreadingHTTPServer((args.host, args.port), Handler)
    server.daemon_threads = True
    server.counter, server.health = counter, args.health
    if args.udp:
        serving = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        serving.bind(server.server_address)
        threading.Thread(target=echo_datagrams, args=(serving,), daemon=True).start()
    if ready := os.environ.get("NODE_READY_FILE"):
        temporary = Path(ready + ".tmp")
        temporary.write_text(json.dumps({"pid": os.getpid(), "ports": {"http": server.server_address[1]}}))
        temporary.rename(ready)
    print(f"tiny node serves on {server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("tiny node ends", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
