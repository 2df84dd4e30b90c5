"""Lets the tests into a node's own network namespace: python relay.py HOST FD:PORT...

Each FD is a socket that listens outside, given to this process; what connects to it is passed on to HOST:PORT inside.
Ends of streams are passed on as well, each way for itself, and so are resets.
"""

import socket
import struct
import sys
import threading

NO_LINGER = struct.pack("ii", 1, 0)


def main() -> None:
    host, *pairs = sys.argv[1:]
    for pair in pairs:
        descriptor, port = map(int, pair.split(":"))
        threading.Thread(target=serve, args=(socket.socket(fileno=descriptor), (host, port))).start()
    print("ready", flush=True)


def serve(listening: socket.socket, target: tuple[str, int]) -> None:
    while True:
        outer, _ = listening.accept()
        threading.Thread(target=relay, args=(outer, target)).start()


def relay(outer: socket.socket, target: tuple[str, int]) -> None:
    with outer, socket.socket() as inner:
        try:
            inner.connect(target)
        except OSError:  # nobody listens there now
            reset_when_closed(outer)
            return
        back = threading.Thread(target=pass_on, args=(inner, outer))
        back.start()
        pass_on(outer, inner)
        back.join()


def pass_on(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:  # one of the two was reset
        for each in (source, sink):
            reset_when_closed(each)
            try:
                each.shutdown(socket.SHUT_RD)  # so that the other thread ends as well
            except OSError:  # this is the one
                pass


def reset_when_closed(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)


main()
