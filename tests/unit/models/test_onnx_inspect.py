"""Files with weights beside a network: found wherever the graph names them, never outside."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from sokkuri.core.errors import ModelError
from sokkuri.models.onnx_inspect import external_files


def weights_in(location: str) -> TensorProto:
    """Return a tensor whose three numbers are in another file."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return tensor


def write_network(folder: Path, place: str, location: str) -> Path:
    """Write a network that names a file with weights in one place of its graph."""
    tensor = weights_in(location)
    sparse = onnx.SparseTensorProto(values=tensor, dims=[3])
    constant = helper.make_node("Constant", [], ["c"], value=tensor)
    opsets = [helper.make_opsetid("", 17)]
    function = helper.make_function("local", "F", [], ["c"], [constant], opsets)
    branch = helper.make_graph([constant], "branch", [], [])
    graph = helper.make_graph(
        {
            "node": [constant],
            "sparse node": [helper.make_node("Constant", [], ["c"], sparse_value=sparse)],
            "branch": [helper.make_node("If", ["x"], ["c"], then_branch=branch)],
        }.get(place, []),
        "graph", [], [],
        initializer=[tensor] if place == "initializer" else [],
        sparse_initializer=[sparse] if place == "sparse initializer" else [],
    )  # fmt: skip
    functions = [function] if place == "function" else []
    model = helper.make_model(graph, opset_imports=opsets, functions=functions)
    path = folder / "network.onnx"
    path.write_bytes(model.SerializeToString())
    return path


PLACES = ("initializer", "sparse initializer", "node", "sparse node", "branch", "function")


@pytest.mark.parametrize("place", PLACES)
def test_weights_are_found_in_every_place_of_a_graph(tmp_path: Path, place: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "w.bin").write_bytes(bytes(12))
    network = write_network(tmp_path, place, "data/w.bin")
    assert external_files(network) == [tmp_path / "data" / "w.bin"]
    with pytest.raises(ModelError, match="outside its folder"):
        external_files(write_network(tmp_path, place, "../w.bin"))


@pytest.mark.parametrize("linked", ["data", "data/w.bin"])
def test_weights_behind_a_link_are_refused(tmp_path: Path, linked: str) -> None:
    """A link could lead to any file of the user, and ONNX Runtime refuses it too."""
    target = tmp_path / "elsewhere" / "data"
    target.mkdir(parents=True)
    (target / "w.bin").write_bytes(bytes(12))
    folder = tmp_path / "network"
    (folder / linked).parent.mkdir(parents=True)
    (folder / linked).symlink_to(tmp_path / "elsewhere" / linked)
    with pytest.raises(ModelError, match=r"data/w\.bin, which is a link: copy the file"):
        external_files(write_network(folder, "initializer", "data/w.bin"))
