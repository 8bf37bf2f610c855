"""The ring's geometry."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dinoq.workers.devices.ring import MAX_RING_BYTES, SLOT_IMAGES, Layout, nbytes, plan_layout, views

SHAPE = (3, 224, 224)


@given(batch=st.integers(1, 4096), batch_ms=st.floats(0, 1e4))
def test_a_ring_holds_whole_batches_in_two_to_four_slots(batch: int, batch_ms: float) -> None:
    layout = plan_layout(batch, SHAPE, "float32", 1000, batch_ms)
    assert 2 <= layout.slots <= 4
    assert layout.images % batch == 0
    assert layout.images <= max(SLOT_IMAGES, batch)


@given(batch=st.integers(1, 64))
def test_a_ring_stays_small_where_a_batch_does(batch: int) -> None:
    assert nbytes(plan_layout(batch, SHAPE, "float32", 1000, 0.0)) <= MAX_RING_BYTES + 3 * 4096


def test_a_slow_batch_travels_alone() -> None:
    assert plan_layout(16, SHAPE, "float32", 1000, 300.0).batches == 1


def test_a_fast_batch_travels_with_others() -> None:
    assert plan_layout(1, SHAPE, "float32", 1000, 0.1).batches == SLOT_IMAGES


def test_the_arrays_do_not_overlap() -> None:
    layout = Layout(2, 3, 4, (3, 5, 7), "uint8", 10)
    buffer = memoryview(bytearray(nbytes(layout)))
    arrays = views(buffer, layout)
    for mark, array in enumerate(arrays, start=1):
        array[:] = mark
    assert [int(array.min()) for array in arrays] == [int(array.max()) for array in arrays] == [1, 2, 3]


def test_inputs_take_the_dtype_of_the_program() -> None:
    layout = Layout(2, 1, 4, (3, 5, 7), "uint8", 10)
    assert views(memoryview(bytearray(nbytes(layout))), layout).inputs.dtype == np.uint8
