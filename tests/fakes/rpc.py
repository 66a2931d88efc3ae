"""A JSON-RPC server on a free local port whose every answer is set by the test, down to the bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

Answer = Callable[[dict[str, Any]], tuple[int, bytes]]


def result(value: object) -> Answer:
    """A proper answer."""
    return lambda question: (200, _body({"jsonrpc": "2.0", "id": question["id"], "result": value}))


def error(code: int, message: str, data: object = None, *, status: int = 200) -> Answer:
    """A proper JSON-RPC error."""
    body = {"code": code, "message": message, "data": data}
    return lambda question: (status, _body({"jsonrpc": "2.0", "id": question["id"], "error": body}))


def raw(body: bytes, *, status: int = 200) -> Answer:
    """Anything else."""
    return lambda question: (status, body)


def _body(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


class RpcServer:
    """`answers` by method name; what is not in it is "method not found". `asked` keeps every question."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, list[Any]]] = []
        self.headers: dict[str, str] = {}
        self.url = ""

    def respond(self, question: dict[str, Any]) -> tuple[int, bytes]:
        method = question["method"]
        self.asked.append((method, question["params"]))
        return self.answers.get(method, error(-32601, f"the method {method} does not exist"))(question)


@contextmanager
def rpc_server() -> Iterator[RpcServer]:
    """Serve until the context ends."""
    script = RpcServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            script.headers = {name.lower(): value for name, value in self.headers.items()}
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = script.respond(question)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
