"""How many workers fit on a node, and how many batches a worker takes."""

import pytest

from sokkuri.indexing.executors.ray_pool import Batch, PoolWorker, WorkerResources


@pytest.mark.parametrize(
    ("resources", "node", "places"),
    [
        (WorkerResources(), {"CPU": 4.0}, 4),
        (WorkerResources(), {"CPU": 0.5}, 0),
        (WorkerResources(), {}, 0),
        (WorkerResources(cpus=4, gpus=1), {"CPU": 16.0, "GPU": 2.0}, 2),
        (WorkerResources(cpus=4, gpus=1), {"CPU": 4.0, "GPU": 8.0}, 1),
        (WorkerResources(cpus=4, gpus=1), {"CPU": 64.0}, 0),
    ],
)
def test_places_follow_from_the_resources_of_a_node(
    resources: WorkerResources, node: dict[str, float], places: int
) -> None:
    assert resources.places_on({"Resources": node}) == places


def test_a_worker_takes_two_batches_or_one_suspect_alone() -> None:
    worker = PoolWorker(actor=None, started=None)
    assert worker.room == 0, "it has not started"
    worker.node = "a"
    assert worker.room == 2
    worker.batches["one"] = Batch([1, 2])
    assert worker.room == 1
    worker.batches = {"one": Batch([1], alone=True)}
    assert worker.room == 0
