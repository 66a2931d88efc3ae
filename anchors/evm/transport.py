"""JSON-RPC over HTTP, one question at a time, with no hidden retry: only the driver may send a transaction again."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

from anchors.errors import ChainRefused, ChainUnavailable

MAX_RESPONSE_BYTES = 8 * 1024 * 1024


class RpcError(ChainRefused):
    """The node answered with a JSON-RPC error object."""

    def __init__(self, method: str, code: object, message: object, data: object) -> None:
        super().__init__(f"{method}: {str(message)[:300]} ({code})")
        self.data = data


class JsonRpc:
    """A JSON-RPC 2.0 client for one HTTP(S) endpoint."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, timeout_s: float = 10.0) -> None:
        """`headers` are added to each request (gateways want tokens). Raises ValueError for another scheme."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a JSON-RPC endpoint is an http or https URL")
        self._connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host, self._port, self._timeout = parts.hostname, parts.port, timeout_s
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {"Content-Type": "application/json", **(headers or {})}
        self._id = 0

    def ask(self, method: str, *parameters: object) -> Any:
        """Return the result of a call.

        Raises `RpcError` when the node answers with an error, and `ChainUnavailable` for everything that is no answer:
        no connection, a timeout, an HTTP error, a body that is not the JSON-RPC response to this question.
        """
        self._id += 1
        body = orjson.dumps({"jsonrpc": "2.0", "id": self._id, "method": method, "params": parameters})
        answer = self._parse(method, self._post(method, body))
        if answer.get("error") is not None:
            error = answer["error"] if isinstance(answer["error"], dict) else {"message": answer["error"]}
            raise RpcError(method, error.get("code"), error.get("message"), error.get("data"))
        if "result" not in answer or answer.get("id") != self._id:
            raise ChainUnavailable(f"{method}: the answer is not to this question")
        return answer["result"]

    def _post(self, method: str, body: bytes) -> bytes:
        connection = self._connect(self._host, self._port, timeout=self._timeout)
        try:
            connection.request("POST", self._path, body, self._headers)
            response = connection.getresponse()
            data = response.read(MAX_RESPONSE_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise ChainUnavailable(f"{method}: {type(error).__name__}") from error
        finally:
            connection.close()
        # Some nodes send JSON-RPC errors with an HTTP error status; a gateway's 429 or 502 has no such body.
        if response.status != 200 and not data.lstrip().startswith(b'{"jsonrpc"'):
            raise ChainUnavailable(f"{method}: HTTP {response.status}")
        if len(data) > MAX_RESPONSE_BYTES:
            raise ChainUnavailable(f"{method}: response above {MAX_RESPONSE_BYTES} bytes")
        return data

    @staticmethod
    def _parse(method: str, data: bytes) -> dict[str, Any]:
        try:
            # orjson bounds the nesting by itself; the standard reader leans on the interpreter's recursion limit.
            answer = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise ChainUnavailable(f"{method}: the answer is not JSON") from error
        if not isinstance(answer, dict):
            raise ChainUnavailable(f"{method}: the answer is not an object")
        return answer
