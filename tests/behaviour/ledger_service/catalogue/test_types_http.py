"""GET record types and forms."""

from __future__ import annotations

import pytest

from evidence.canonical import dumps
from evidence.encoding import b64url_encode
from evidence.hashing import sha256
from ledger_service.errors import CatalogueUnusable
from tests.fakes.http import request
from tests.fakes.plant import Plant


def test_types_are_listed_in_their_current_version(plant: Plant) -> None:
    answer = request(plant.services, "GET", "/v1/types")
    assert answer.status_code == 200
    listed = {item["id"]: item["schema"] for item in answer.json()["items"]}
    assert listed == {name: item.schema_claim for name, item in plant.services.record_types.items()}


def test_an_older_version_is_there_with_the_data_that_its_digest_is_of(plant: Plant) -> None:
    now = request(plant.services, "GET", "/v1/types/training_record").json()
    old = request(plant.services, "GET", "/v1/types/training_record?version=1").json()
    assert (now["current"], old["current"]) == (True, False)
    assert old["versions"] == now["versions"] == [1, now["version"]]
    for answer in (now, old):
        assert answer["schema"] == f"{answer['version']};sha-256={b64url_encode(sha256(dumps(answer['data'])))}"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/types/nothing", 404),
        ("/v1/types/nothing/form", 404),
        ("/v1/types/training_record?version=9", 404),
        ("/v1/types/training_record?version=0", 400),
        ("/v1/types/training_record?version=+1", 400),
        ("/v1/types/training_record/form?lang=fr", 400),
        ("/v1/types/training_record/form?event=no_such_event", 404),
        ("/v1/types/training_record/form?lang=en", 200),
    ],
)
def test_what_is_asked_wrongly(plant: Plant, path: str, status: int) -> None:
    assert request(plant.services, "GET", path).status_code == status


@pytest.mark.parametrize("path", ["/v1/types", "/v1/types/training_record", "/v1/types/training_record/form"])
def test_a_token_is_needed(plant: Plant, path: str) -> None:
    assert request(plant.services, "GET", path, peer="10.1.2.3").status_code == 401


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"id: x\nversion: one\n", "types/x.yaml: labels, subject, retention"),
        (b"\xff\xfe", "must be saved as UTF-8"),
        (b"a" * 300_000, "larger than"),
    ],
)
def test_a_broken_site_file_stops_the_start_with_its_name(plant: Plant, content: bytes, says: str) -> None:
    folder = plant.settings.data_dir / "catalogue" / "types"
    folder.mkdir(parents=True)
    (folder / "x.yaml").write_bytes(content)
    with pytest.raises(CatalogueUnusable) as caught:
        plant.reopen()
    assert says in caught.value.detail
