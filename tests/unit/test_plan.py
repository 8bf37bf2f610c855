"""How a job is cut: exact cover, no overlap, whatever the sizes."""

from hypothesis import given
from hypothesis import strategies as st

from dinoq.jobs.plan import MAX_SHARD_SAMPLES, plan_parts, plan_slices, shard_samples, slice_first

SAMPLES = st.integers(1, 20_000)
BATCHES = st.lists(st.integers(1, 4096), min_size=1, max_size=5)


@given(SAMPLES, BATCHES)
def test_slices_tile_the_samples(samples: int, batches: list[int]) -> None:
    at = 0
    for number, piece in enumerate(plan_slices(samples, batches), start=1):
        assert (piece.no, piece.first) == (number, at)
        at += piece.count
    assert at == samples


@given(SAMPLES, BATCHES)
def test_parts_tile_the_samples_and_never_cross_a_slice(samples: int, batches: list[int]) -> None:
    slices = plan_slices(samples, batches)
    at = 0
    for number, part in enumerate(plan_parts(slices, batches[0]), start=1):
        piece = slices[part.slice_no - 1]
        assert (part.no, part.first) == (number, at)
        assert piece.first <= part.first < part.first + part.count <= piece.first + piece.count
        at += part.count
    assert at == samples


@given(SAMPLES, st.lists(st.sampled_from([1, 4, 8, 16, 32, 64]), min_size=1, max_size=6))
def test_only_the_last_part_cuts_a_batch_short(samples: int, batches: list[int]) -> None:
    slices = plan_slices(samples, batches)
    for batch in batches:
        assert all(part.count % batch == 0 for part in plan_parts(slices, batch)[:-1])


@given(BATCHES)
def test_a_shard_is_never_larger_than_allowed(batches: list[int]) -> None:
    assert 0 < shard_samples(batches) <= MAX_SHARD_SAMPLES


@given(SAMPLES, BATCHES)
def test_a_slice_is_found_by_its_number(samples: int, batches: list[int]) -> None:
    assert all(slice_first(piece.no, batches) == piece.first for piece in plan_slices(samples, batches))


def test_the_usual_batches_make_shards_of_1024_and_parts_of_256() -> None:
    slices = plan_slices(50_000, (1, 4, 8, 16, 32, 64))
    assert (len(slices), slices[0].count) == (49, 1024)
    assert len(plan_parts(slices, 16)) == 196
