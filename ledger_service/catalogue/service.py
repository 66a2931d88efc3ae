"""What clients may ask of the catalogue. It is read once; nothing in it changes while the service runs."""

from __future__ import annotations

from evidence.canonical import Json
from evidence.records import Catalogue, RecordType
from evidence.records.forms import form_of
from ledger_service.errors import NotFound


class CatalogueService:
    """Types by id and version, and their forms."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def get(self, type_id: str, version: int | None = None) -> RecordType:
        """A version of a type, by default the current one. Raises NotFound."""
        for item in self.catalogue.all_types():
            if item.id == type_id and version in (None, item.version):
                return item
        raise NotFound("no record type by this name" if version is None else "no such version of a record type")

    def form(self, type_id: str, language: str, event: str | None) -> dict[str, Json]:
        """The form for a new record of the current version. Raises NotFound for a type or event that there is not."""
        record_type = self.catalogue.types.get(type_id)
        if record_type is None:
            raise NotFound("no record type by this name")
        try:
            return form_of(record_type, language, event)
        except KeyError as error:
            raise NotFound("the record type has no such event") from error
