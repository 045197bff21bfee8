"""Reads a card off an ONNX graph that has none: layout, size, tensor names, dimension.

What a graph cannot say, the range of its input, is taken as in the article: RGB / 255, squashed.
"""

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError as ProtobufError

from sokkuri.errors import ModelError
from sokkuri.models.card import Layout, ModelCard

_DEFAULT_SIZE = 224
_FLOAT = onnx.TensorProto.FLOAT

Shape = tuple[int | None, ...]


def card_of_graph(path: Path) -> ModelCard:
    """The card for a network with one image input. Raises ModelError when it is not one."""
    try:
        model = onnx.load(path, load_external_data=False)
    except (OSError, ProtobufError) as error:
        raise ModelError(f"{path} is not an ONNX file: {error}") from error
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    if len(inputs) != 1:
        raise ModelError(f"{path} has {len(inputs)} inputs, not one: write a card for it")
    layout, height, width = _image_input(_shape(inputs[0]), path)
    output, dimension = _feature_output(model.graph.output, path)
    return ModelCard(
        name=path.stem,
        input=inputs[0].name,
        output=output,
        layout=layout,
        size=(height, width),
        dimension=dimension,
        source=path.name,
    )


def _shape(value: onnx.ValueInfoProto) -> Shape:
    dimensions = value.type.tensor_type.shape.dim
    return tuple(one.dim_value if one.HasField("dim_value") else None for one in dimensions)


def _image_input(shape: Shape, path: Path) -> tuple[Layout, int, int]:
    if len(shape) == 4 and shape[1] == 3:
        return "NCHW", shape[2] or _DEFAULT_SIZE, shape[3] or _DEFAULT_SIZE
    if len(shape) == 4 and shape[3] == 3:
        return "NHWC", shape[1] or _DEFAULT_SIZE, shape[2] or _DEFAULT_SIZE
    raise ModelError(f"{path} takes {shape}, no RGB image: write a card for it")


def _feature_output(outputs: list[onnx.ValueInfoProto], path: Path) -> tuple[str, int]:
    """The only output of shape (N, D), or (N, D, 1, 1) and the like, with D known."""
    found = []
    for value in outputs:
        sizes = [size for size in _shape(value)[1:] if size != 1]
        is_float = value.type.tensor_type.elem_type == _FLOAT
        if is_float and len(sizes) == 1 and sizes[0]:
            found.append((value.name, sizes[0]))
    if len(found) != 1:
        names = ", ".join(value.name for value in outputs)
        raise ModelError(
            f"{path} has {len(found)} outputs that could be features, of {names}: write a card"
        )
    return found[0]
