"""How trust in what is known is won, lost and given back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.knowledge import KnowledgeEntry, Standing
from core.domain.tenancy import Actor

NOW = datetime(2026, 11, 1, 3, 12, tzinfo=UTC)
ADA, BOB = Actor("U1", "Ada"), Actor("U2", "Bob")
DRAFT = KnowledgeEntry("e1", "PoolTimeout", "The pool is empty", "", status=Standing.DRAFT, occurrences=("i1",))


def test_a_draft_becomes_knowledge_when_somebody_says_what_fixed_it() -> None:
    entry = DRAFT.confirm(ADA, NOW, "Closed the session", "i1")
    assert (entry.status, entry.fix, entry.confirmed_by, entry.worked) == ("confirmed", "Closed the session", "Ada", 1)
    assert entry.track_record == "its fix held"


def test_saying_so_twice_for_one_incident_corrects_and_does_not_count() -> None:
    once = DRAFT.confirm(ADA, NOW, "", "i1")
    twice = once.confirm(ADA, NOW + timedelta(minutes=1), "Closed the session", "i1")
    assert (once.fix, twice.fix, twice.worked) == ("", "Closed the session", 1)
    assert twice.past_fixes == ()
    assert twice.confirm(ADA, NOW, "", "i1").fix == "Closed the session"


def test_a_better_fix_takes_over_and_the_one_before_is_kept_with_its_time() -> None:
    later = NOW + timedelta(days=9)
    entry = DRAFT.confirm(ADA, NOW, "Restarted", "i1").confirm(BOB, later, "Closed the session", "i2")
    (past,) = entry.past_fixes
    assert (past.fix, past.confirmed_by, past.valid_from, past.valid_to) == ("Restarted", "Ada", NOW, later)
    assert (entry.fix, entry.worked, entry.occurrences) == ("Closed the session", 2, ("i1", "i2"))
    back = entry.take_back("i2")
    assert (back.status, back.fix, back.confirmed_by, back.past_fixes) == ("confirmed", "Restarted", "Ada", ())


def test_what_only_one_person_confirmed_is_disputed_once_they_take_it_back() -> None:
    entry = DRAFT.confirm(ADA, NOW, "Restarted", "i1")
    assert entry.take_back("i1").status == Standing.DISPUTED
    assert entry.take_back("another") == entry
    assert entry.take_back("i1").take_back("i1") == entry.take_back("i1")


def test_two_returns_in_a_row_dispute_a_fix_and_one_that_holds_again_clears_it() -> None:
    entry = DRAFT.confirm(ADA, NOW, "Restarted", "i1").record_recurrence("i2")
    assert (entry.status, entry.failed, entry.track_record) == ("confirmed", 1, "its fix held 1 of 2 times")
    assert entry.record_recurrence("i2") == entry
    again = entry.record_recurrence("i3")
    assert again.status == Standing.DISPUTED
    assert again.reconsider().status == Standing.DISPUTED
    held = again.confirm(BOB, NOW, "Closed the session", "i3")
    assert (held.status, held.setbacks, held.failed, held.worked) == ("confirmed", 0, 2, 2)


def test_a_draft_never_comes_back_and_is_never_shown_by_being_disputed() -> None:
    assert DRAFT.record_recurrence("i2") == DRAFT
    assert DRAFT.dispute() == DRAFT
    assert DRAFT.propose().status == Standing.PROPOSED
    assert DRAFT.propose().dispute().status == Standing.DISPUTED


def test_a_dispute_that_is_taken_back_leaves_what_people_confirmed() -> None:
    entry = DRAFT.confirm(ADA, NOW, "Restarted", "i1")
    assert entry.dispute().reconsider() == entry
    assert DRAFT.propose().dispute().reconsider().status == Standing.PROPOSED


def test_merging_keeps_both_histories() -> None:
    kept = DRAFT.confirm(ADA, NOW, "Closed the session", "i1")
    other = replace(DRAFT, id="e2", occurrences=("i7",)).confirm(BOB, NOW, "Restarted", "i7").record_recurrence("i8")
    joined = kept.absorb(other, NOW)
    assert (joined.worked, joined.failed, joined.fix) == (2, 1, "Closed the session")
    assert [past.fix for past in joined.past_fixes] == ["Restarted"]
    assert set(joined.occurrences) == {"i1", "i7", "i8"}


@pytest.mark.parametrize(("days", "least", "most"), [(0, 1.0, 1.0), (180, 0.84, 0.86), (20_000, 0.7, 0.701)])
def test_trust_sinks_by_half_lives_and_never_below_its_floor(days: int, least: float, most: float) -> None:
    entry = DRAFT.confirm(ADA, NOW, "Restarted", "i1")
    assert least <= entry.trust(NOW + timedelta(days=days)) <= most


_ACTS = st.lists(
    st.tuples(
        st.sampled_from(["confirm", "take_back", "record_recurrence", "dispute", "propose", "reconsider", "retire"]),
        st.sampled_from(["i1", "i2", "i3"]),
        st.sampled_from(["", "A", "B"]),
    ),
    max_size=30,
)


@given(_ACTS)
def test_whatever_people_do_in_whatever_order_counts_stay_sound(acts: list[tuple[str, str, str]]) -> None:
    entry = DRAFT
    for position, (act, investigation_id, fix) in enumerate(acts):
        at = NOW + timedelta(minutes=position)
        match act:
            case "confirm":
                entry = entry.confirm(ADA, at, fix, investigation_id)
                assert entry.status == Standing.CONFIRMED
            case "take_back" | "record_recurrence":
                entry = getattr(entry, act)(investigation_id)
            case "retire":
                entry = entry.retire(at)
            case _:
                entry = getattr(entry, act)()
        assert entry.worked == len(entry.held_in) >= 0
        assert entry.failed >= entry.setbacks >= 0
        assert 0 < entry.trust(at) <= 1
        assert len(set(entry.occurrences)) == len(entry.occurrences) <= 3


def test_a_fix_is_not_said_to_have_held_before_a_day_has_passed_nor_without_a_fix() -> None:
    entry = DRAFT.confirm(ADA, NOW, "Closed the session", "i1")
    assert entry.record_at(NOW + timedelta(hours=23)) == ""
    assert entry.record_at(NOW + timedelta(days=1)) == "its fix held"
    assert DRAFT.confirm(ADA, NOW, "", "i1").record_at(NOW + timedelta(days=9)) == ""
