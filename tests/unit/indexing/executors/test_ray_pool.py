"""Where workers have a place, and what each can be given."""

import pytest

from sokkuri.indexing.executors.ray_pool import Batch, Member, Seat


@pytest.mark.parametrize(
    ("seat", "resources", "places"),
    [
        (Seat(), {"CPU": 4.0}, 4),
        (Seat(), {"CPU": 0.5}, 0),
        (Seat(), {}, 0),
        (Seat(cpus=4, gpus=1), {"CPU": 16.0, "GPU": 2.0}, 2),
        (Seat(cpus=4, gpus=1), {"CPU": 4.0, "GPU": 8.0}, 1),
        (Seat(cpus=4, gpus=1), {"CPU": 64.0}, 0),
    ],
)
def test_a_node_has_places_by_its_resources(
    seat: Seat, resources: dict[str, float], places: int
) -> None:
    assert seat.on({"Resources": resources}) == places


def test_a_worker_has_one_batch_ahead_or_one_suspect() -> None:
    member = Member(actor=None, hello=None)
    assert member.room == 0, "it is on its way"
    member.node = "a"
    assert member.room == 2
    member.hands["one"] = Batch([1, 2])
    assert member.room == 1
    member.hands = {"one": Batch([1], alone=True)}
    assert member.room == 0
