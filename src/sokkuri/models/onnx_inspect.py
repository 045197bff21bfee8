"""Reads a card off an ONNX graph that has none: layout, size, tensor names, dimension.

Where the graph leaves doubt, the plainest reading is taken: RGB / 255 as in the article, 224 pixels
square, channels where the first layer looks for them. The caller says so.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import onnx
from google.protobuf.message import DecodeError as ProtobufError
from onnx.external_data_helper import ExternalDataInfo, uses_external_data

from sokkuri.core.errors import ModelError
from sokkuri.models.card import Layout, ModelCard

_DEFAULT_SIZE = 224
_FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)
_FEATURE_NAMES = (
    "feature_vector", "features", "feature", "image_embeds", "image_embeddings", "image_features",
    "embedding", "embeddings", "pooler_output", "pooled_output",
)  # fmt: skip
"""What exporters call the feature vector, where a graph has other outputs of its shape too."""

Shape = tuple[int | None, ...]


def card_of_graph(path: Path) -> ModelCard:
    """The card for a network with one image input. Raises ModelError when it is not one."""
    model = read_graph(path)
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    if len(inputs) != 1:
        raise ModelError(f"{path} has {len(inputs)} inputs, not one: write a card for it")
    layout, height, width = _image_input(inputs[0], model.graph, path)
    output, dimension = _feature_output(model, path)
    takes_bytes = inputs[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
    return ModelCard(
        name=path.stem,
        input=inputs[0].name,
        output=output,
        layout=layout,
        size=(height, width),
        scale=1.0 if takes_bytes else 255.0,
        dimension=dimension,
        source=path.name,
    )


def read_graph(path: Path) -> onnx.ModelProto:
    """The graph without the weights that lie in files beside it. Raises ModelError."""
    try:
        return onnx.load(path, load_external_data=False)
    except (OSError, ProtobufError) as error:
        raise ModelError(f"{path} is not an ONNX file: {error}") from error


def external_files(path: Path) -> list[Path]:
    """The files beside an ONNX file that hold its weights. Raises ModelError when one is missing,
    or would be elsewhere."""
    names = {
        ExternalDataInfo(tensor).location
        for tensor in _tensors(read_graph(path).graph)
        if uses_external_data(tensor)
    }
    for name in names:
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts or "\\" in name:
            raise ModelError(f"{path} looks for its weights outside its folder: {name}")
        if not (path.parent / name).is_file():
            raise ModelError(f"{path} keeps its weights in {name}, which is not beside it")
    return [path.parent / name for name in sorted(names)]


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else ())):
                yield from _tensors(inner)


def _shape(value: onnx.ValueInfoProto) -> Shape:
    dimensions = value.type.tensor_type.shape.dim
    return tuple(one.dim_value or None for one in dimensions)


def _image_input(
    value: onnx.ValueInfoProto, graph: onnx.GraphProto, path: Path
) -> tuple[Layout, int, int]:
    shape = _shape(value)
    if len(shape) == 4 and shape[1] == 3:
        return "NCHW", shape[2] or _DEFAULT_SIZE, shape[3] or _DEFAULT_SIZE
    if len(shape) == 4 and shape[3] == 3:
        return "NHWC", shape[1] or _DEFAULT_SIZE, shape[2] or _DEFAULT_SIZE
    if len(shape) == 4 and shape[1] is None and shape[3] is None:
        layout: Layout = "NHWC" if _is_turned(value.name, graph) else "NCHW"
        height, width = shape[1:3] if layout == "NHWC" else shape[2:]
        return layout, height or _DEFAULT_SIZE, width or _DEFAULT_SIZE
    raise ModelError(f"{path} takes {shape}, no RGB image: write a card for it")


def _is_turned(name: str, graph: onnx.GraphProto) -> bool:
    """Whether the graph moves the channels of its input from the end to the front."""
    users = [node for node in graph.node if name in node.input]
    for node in users:
        if node.op_type == "Transpose":
            return any(list(one.ints) == [0, 3, 1, 2] for one in node.attribute)
    # Scaling and casts in front leave the layout as it is.
    passing = [node.output[0] for node in users if node.op_type in _ELEMENTWISE]
    return any(_is_turned(one, graph) for one in passing)


_ELEMENTWISE = {"Cast", "Identity", "Mul", "Div", "Sub", "Add"}


def _feature_output(model: onnx.ModelProto, path: Path) -> tuple[str, int]:
    """The only output of shape (N, D), or (N, D, 1, 1) and the like; of several the one that has a
    feature's name."""
    outputs = model.graph.output
    found = _vectors(outputs)
    if not found:  # its shape may not be written down, but follow from the rest
        found = _vectors(onnx.shape_inference.infer_shapes(model, data_prop=True).graph.output)
    if len(found) > 1:
        found = [one for name in _FEATURE_NAMES for one in found if one[0] == name][:1]
    if not found:
        names = ", ".join(value.name for value in outputs)
        raise ModelError(
            f"{path} leaves open which of its outputs holds the features, of {names}: write a card"
        )
    return found[0]


def _vectors(outputs: Sequence[onnx.ValueInfoProto]) -> list[tuple[str, int]]:
    """Outputs that are one vector an image, of known length."""
    found = []
    for value in outputs:
        sizes = [size for size in _shape(value)[1:] if size != 1]
        is_float = value.type.tensor_type.elem_type in _FLOATS
        if is_float and len(sizes) == 1 and sizes[0]:
            found.append((value.name, sizes[0]))
    return found
