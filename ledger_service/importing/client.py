"""The ledger over HTTP, as an import needs it.

A request is sent again when its outcome is unknown: that is always safe, because the ledger recognises records and
files by their content.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import httpx
import orjson

from ledger_service.importing.build import Attachment
from ledger_service.importing.errors import ServiceRefused, ServiceUnavailable
from ledger_service.importing.ports import NotTaken, Taken

ATTEMPTS: Final = 6
_RETRY_STATUS: Final = frozenset({429, 502, 503, 504})
MAX_REQUEST_BYTES: Final = 8 * 1024 * 1024
MAX_REQUEST_LINES: Final = 500
MAX_WAIT_S: Final = 30.0


class HttpLedger:
    """One ledger of a running service. `sleep` waits the given seconds between attempts."""

    def __init__(self, client: httpx.Client, name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        """`client` carries base URL, token and timeouts."""
        self.name = name
        self._client = client
        self._sleep = sleep

    def put_blob(self, attachment: Attachment) -> None:
        """Store a file under its SHA-256. Raises `ServiceUnavailable`, `ServiceRefused`."""
        headers = {"content-type": attachment.media_type}
        self._send("PUT", f"/v1/blobs/{attachment.sha256}", attachment.data, headers)

    def submit(self, statements: Sequence[str]) -> list[Taken | NotTaken]:
        """Submit compact statements; one answer each, in order. Raises `ServiceUnavailable`, `ServiceRefused`."""
        return self._submit_lines("statements", [json.dumps(statement).encode("ascii") for statement in statements])

    def _submit_lines(self, route: str, lines: Sequence[bytes]) -> list[Taken | NotTaken]:
        answers: list[Taken | NotTaken] = []
        for part in _parts(lines):
            body = b"".join(line + b"\n" for line in part)
            response = self._send(
                "POST", f"/v1/ledgers/{self.name}/{route}", body, {"content-type": "application/x-ndjson"}
            )
            found = [_answer(orjson.loads(line)) for line in response.content.splitlines()]
            if len(found) != len(part):
                raise ServiceUnavailable(f"{len(found)} answers to {len(part)} lines")
            answers += found
        return answers

    def post(self, path: str, value: Mapping[str, Any]) -> Any:
        """Post a JSON object below the ledger and return the answer's JSON."""
        body = json.dumps(value, ensure_ascii=False).encode()
        return self._send("POST", f"/v1/ledgers/{self.name}{path}", body, {"content-type": "application/json"}).json()

    def get(self, path: str) -> Any:
        """The JSON below the ledger."""
        return self._send("GET", f"/v1/ledgers/{self.name}{path}", b"", {}).json()

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        return _checked(self._request(method, path, body, headers))

    def _request(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(min(MAX_WAIT_S, 0.25 * 2**attempt))
            try:
                response = self._client.request(method, path, content=body, headers=dict(headers))
            except httpx.TransportError:
                continue
            if response.status_code not in _RETRY_STATUS:
                return response
        raise ServiceUnavailable(f"{method} {path}: no answer in {ATTEMPTS} attempts")


class PlainHttpLedger(HttpLedger):
    """The same for records that the service signs."""

    def submit(self, statements: Sequence[str]) -> list[Taken | NotTaken]:
        """Submit plain records; one answer each, in order. Raises `ServiceUnavailable`, `ServiceRefused`."""
        return self._submit_lines("records", [record.encode("utf-8") for record in statements])


def _parts(lines: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The lines in requests of bounded size: a service refuses a body that is too large."""
    begin, size = 0, 0
    for number, line in enumerate(lines):
        if number > begin and (size + len(line) > MAX_REQUEST_BYTES or number - begin >= MAX_REQUEST_LINES):
            yield lines[begin:number]
            begin, size = number, 0
        size += len(line) + 1
    if begin < len(lines):
        yield lines[begin:]


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    problem = _problem(response)
    raise ServiceRefused(f"{response.request.method} {response.request.url.path}: {response.status_code} {problem}")


def _problem(response: httpx.Response) -> str:
    try:
        value = response.json()
    except ValueError:
        return response.reason_phrase
    return _words(value) if isinstance(value, dict) else response.reason_phrase


def _words(problem: Mapping[str, Any]) -> str:
    parts = [str(problem[name]) for name in ("title", "reason", "detail") if problem.get(name)]
    return ": ".join(parts)


def _answer(line: Mapping[str, Any]) -> Taken | NotTaken:
    if "problem" in line:
        return NotTaken(_words(line["problem"]))
    return Taken(int(line["index"]), line["status"] == 201)
