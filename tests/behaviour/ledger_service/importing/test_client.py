"""The HTTP side of an import: when it asks again, when it gives up, and what it says."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from ledger_service.importing.build import Attachment
from ledger_service.importing.client import ATTEMPTS, HttpLedger
from ledger_service.importing.errors import ServiceRefused, ServiceUnavailable
from ledger_service.importing.ports import NotTaken, Taken

Handler = Callable[[httpx.Request], httpx.Response]
PHOTO = Attachment("ab" * 32, "image/png", lambda: b"png")


def ledger(handler: Handler, waits: list[float] | None = None) -> HttpLedger:
    client = httpx.Client(transport=httpx.MockTransport(handler), base_url="http://ledger")
    return HttpLedger(client, "demo", (waits if waits is not None else []).append)


def answer(*lines: dict[str, object]) -> httpx.Response:
    return httpx.Response(200, text="".join(json.dumps(line) + "\n" for line in lines))


def test_each_statement_gets_its_own_answer() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert [json.loads(line) for line in request.content.splitlines()] == ["a~", "b~", "c~"]
        assert request.headers["content-type"] == "application/x-ndjson"
        problem = {"title": "The content was refused", "reason": "SchemaMismatch"}
        return answer({"status": 201, "index": 7}, {"status": 200, "index": 3}, {"status": 422, "problem": problem})

    outcomes = ledger(handle).submit(["a~", "b~", "c~"])
    assert outcomes == [Taken(7, True), Taken(3, False), NotTaken("The content was refused: SchemaMismatch")]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_service_is_asked_again(status: int) -> None:
    replies = iter([httpx.Response(status), httpx.Response(status), answer({"status": 201, "index": 0})])
    waits: list[float] = []
    assert ledger(lambda _: next(replies), waits).submit(["a~"]) == [Taken(0, True)]
    assert len(waits) == 2
    assert waits[0] < waits[1]


def test_a_lost_connection_is_tried_again() -> None:
    calls = 0

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise httpx.ReadError("gone")
        return httpx.Response(201, json={})

    ledger(handle).put_blob(PHOTO)
    assert calls == 2


def test_it_gives_up_in_the_end() -> None:
    waits: list[float] = []
    with pytest.raises(ServiceUnavailable, match=f"{ATTEMPTS} attempts"):
        ledger(lambda _: httpx.Response(503), waits).put_blob(PHOTO)
    assert len(waits) == ATTEMPTS - 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 507])
def test_a_refused_request_is_not_repeated(status: int) -> None:
    calls: list[int] = []

    def handle(request: httpx.Request) -> httpx.Response:
        calls.append(status)
        return httpx.Response(status, json={"title": "No", "reason": "because"})

    with pytest.raises(ServiceRefused, match=f"{status} No: because"):
        ledger(handle).put_blob(PHOTO)
    assert len(calls) == 1


def test_too_few_answers_are_not_taken_for_success() -> None:
    with pytest.raises(ServiceUnavailable, match="1 answers to 2"):
        ledger(lambda _: answer({"status": 201, "index": 0})).submit(["a~", "b~"])


def test_an_answer_that_is_no_json_is_reported_by_its_status() -> None:
    with pytest.raises(ServiceRefused, match="404"):
        ledger(lambda _: httpx.Response(404, text="<html>")).get("/keys")
