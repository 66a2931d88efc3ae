"""Chain profiles and finality policies: one written form each, and strict readers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from anchors.errors import MalformedProfile
from anchors.profile import ANVIL, EMBEDDED, ChainProfile, FinalityPolicy, parse_profile


@pytest.mark.parametrize("profile", [EMBEDDED, ANVIL, replace(ANVIL, timestamp_unit="ms", max_fee_per_gas=2**80)])
def test_round_trip(profile: ChainProfile) -> None:
    assert parse_profile(profile.to_json()) == profile


@pytest.mark.parametrize("profile", [EMBEDDED, ANVIL])
def test_development_chains_say_so(profile: ChainProfile) -> None:
    assert "development chain: no independent trust" in profile.title
    assert str(profile.finality) == "development"


@pytest.mark.parametrize("text", ["development", "finalized", "qbft", "depth:1", "depth:160"])
def test_finality_is_written_as_it_is_read(text: str) -> None:
    assert str(FinalityPolicy.parse(text)) == text


@pytest.mark.parametrize("text", ["", "depth", "depth:0", "depth:01", "depth:+1", "depth:٤", "Finalized", "depth:1\n"])
def test_other_finality_is_refused(text: str) -> None:
    with pytest.raises(MalformedProfile):
        FinalityPolicy.parse(text)


@pytest.mark.parametrize(
    ("policy", "tip", "finalized", "final"),
    [
        ("development", 10, None, True),
        ("qbft", 10, None, True),
        ("depth:2", 11, 11, False),
        ("depth:2", 12, None, True),
        ("finalized", 99, None, False),
        ("finalized", 99, 9, False),
        ("finalized", 99, 10, True),
    ],
)
def test_when_block_10_is_final(policy: str, tip: int, finalized: int | None, final: bool) -> None:
    assert FinalityPolicy.parse(policy).is_final(10, tip, finalized) is final


@pytest.mark.parametrize(
    "changes",
    [
        {"chain_id": "0"}, {"chain_id": "-1"}, {"chain_id": 1}, {"fees": "free"}, {"finality": "soon"},
        {"proof": "none"}, {"timestamp_unit": "us"}, {"resend_after": "1.5"}, {"colour": "blue"},
    ],
    ids=str,
)  # fmt: skip
def test_other_profiles_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(MalformedProfile):
        parse_profile(dict(EMBEDDED.to_json()) | changes)


def test_a_missing_member_is_refused() -> None:
    members = dict(EMBEDDED.to_json())
    del members["hold_for"]
    with pytest.raises(MalformedProfile):
        parse_profile(members)
