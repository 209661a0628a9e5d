"""What a runbook writes is on the disk before it has its name: a power failure leaves no empty file where one was saved."""

from tests.bash_tree import BASH, Call, calls

CALLS = [call for file in BASH for call in calls(file)]
DRAFTS = ('.part"', '"$draft"', '"$hidden"', '"$(draft_of "$UNIT_FILE")"')  # a name that a rename takes away
MOVED_AWAY = ('"$file"', '"$UNIT_FILE"')  # whole files that leave their place
WRITTEN_BEFORE = '"$(draft_of '  # renamed while etcd is down, so synced when they are written


def beside(call: Call) -> list[tuple[str, ...]]:
    """The commands of the same function."""
    return [c.words for c in CALLS if c.function == call.function and c.place.split(":")[0] == call.place.split(":")[0]]


def test_every_draft_is_synced_by_whoever_wrote_it() -> None:
    written = [c for c in CALLS if c.words[:2] in {("run", "install"), ("run", "cp")} and c.words[-1].endswith(DRAFTS)]
    assert len(written) > 8
    for call in written:
        draft = call.words[-1]
        synced = [w for w in beside(call) if w[:2] == ("put_in_place", draft) or w == ("run", "sync", draft)]
        assert synced, f"{call.place} {call.function}: {draft}"


def test_a_file_is_renamed_into_its_place_by_one_function() -> None:
    renames = [c for c in CALLS if c.words[:3] == ("run", "mv", "-f")]
    assert [c.words[3:] for c in renames if c.function == "put_in_place"] == [('"$draft"', '"$file"')]
    others = [c for c in renames if c.function != "put_in_place" and c.words[3] not in MOVED_AWAY]
    assert [c.text for c in others if not c.words[3].startswith(WRITTEN_BEFORE)] == []


def test_notes_are_written_down_by_one_function() -> None:
    assert {c.function for c in CALLS if c.name == "run" and '"$SCRATCH/note"' in c.words} == {"note_down"}
