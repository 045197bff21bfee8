"""Derive a card, or parts of one, from an ONNX graph: layout, size, tensor names, dimension.

What the graph leaves open is assumed: RGB / 255 as in the article, 224 x 224 pixels, channels where
the first layer expects them. The caller tells the user.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

import onnx
from google.protobuf.message import DecodeError as ProtobufError
from onnx.external_data_helper import ExternalDataInfo, uses_external_data

from sokkuri.core.errors import ModelError
from sokkuri.models.card import Layout, ModelCard

_DEFAULT_SIZE = 224
_FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)
_FEATURE_NAMES = (
    "feature_vector", "features", "feature", "image_embeds", "image_embeddings", "image_features",
    "text_embeds", "text_embeddings", "text_features", "embedding", "embeddings", "pooler_output",
    "pooled_output",
)  # fmt: skip
"""Exporters' names for the feature vector, for graphs with several outputs of its shape."""

_INTEGERS = (onnx.TensorProto.INT32, onnx.TensorProto.INT64)
_SEQUENCE = "last_hidden_state"
_TOKENS = ("input_ids", "text", "tokens")
_MASK = "attention_mask"

Shape = tuple[int | None, ...]


def image_tensors(path: Path) -> dict[str, Any]:
    """Read a network for pictures, and return the keys of a card that follow from it: tensors,
    layout, dimension and pooling. Raises ModelError."""
    model = read_graph(path)
    inputs = _inputs(model)
    if len(inputs) != 1:
        raise ModelError(f"{path} has {len(inputs)} inputs, not one: write a card for it")
    layout, _, _ = _image_input(inputs[0], model.graph, path)
    sequences = [value for value in model.graph.output if value.name == _SEQUENCE]
    pooling = "none"
    if sequences and not _vectors(model.graph.output) and len(_shape(sequences[0])) == 3:
        output, dimension, pooling = _SEQUENCE, _shape(sequences[0])[2], "first"
    else:
        output, dimension = _feature_output(model, path)
    return {
        "input": inputs[0].name,
        "output": output,
        "layout": layout,
        "dimension": dimension,
        "pooling": pooling,
    }


def text_tensors(path: Path, dimension: int) -> dict[str, Any]:
    """Return the keys of a card that a text network tells: its tensors. dimension : of the vectors
    of pictures. Raises ModelError."""
    model = read_graph(path)
    names = [value.name for value in _inputs(model)]
    if any(value.type.tensor_type.elem_type not in _INTEGERS for value in _inputs(model)):
        raise ModelError(f"{path} takes other values than tokens: it is no text network")
    tokens = [name for name in _TOKENS if name in names] or names[:1]
    others = [name for name in names if name not in (tokens[0], _MASK)] if names else ["none"]
    if others:
        raise ModelError(f"{path} has inputs {names}: a tokenizer gives tokens and a mask only")
    output, own_dimension = _feature_output(model, path)
    if own_dimension != dimension:
        raise ModelError(
            f"{path} gives {own_dimension} numbers for a text, and the network for pictures "
            f"{dimension}: they do not belong together"
        )
    return {"input": tokens[0], "mask": _MASK if _MASK in names else "", "output": output}


def _inputs(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    constants = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in constants]


def card_of_graph(path: Path) -> ModelCard:
    """Return the card of a network with one image input. Raises ModelError for all others."""
    model = read_graph(path)
    inputs = _inputs(model)
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
    """Return the graph, without weights that are in files beside it. Raises ModelError."""
    try:
        return onnx.load(path, load_external_data=False)
    except (OSError, ProtobufError) as error:
        raise ModelError(f"{path} is not an ONNX file: {error}") from error


def external_files(path: Path) -> list[Path]:
    """Return the files beside an ONNX file that contain its weights. Raises ModelError when a file
    is missing, a link, or outside the folder."""
    names = external_names(path)
    for name in names:
        relative = PurePosixPath(name)
        if not (path.parent / name).is_file():
            raise ModelError(f"{path} keeps its weights in {name}, which is not beside it")
        if any((path.parent / part).is_symlink() for part in (relative, *relative.parents)):
            raise ModelError(f"{path} keeps its weights in {name}, which is a link: copy the file")
    return [path.parent / name for name in names]


def external_names(path: Path) -> list[str]:
    """Return the names of the files that contain an ONNX file's weights, relative to its folder,
    whether they are there or not. Raises ModelError for a name outside the folder."""
    model = read_graph(path)
    tensors = chain(_tensors(model.graph), *(_tensors_of(part.node) for part in model.functions))
    names = {ExternalDataInfo(tensor).location for tensor in tensors if uses_external_data(tensor)}
    for name in names:
        relative = PurePosixPath(name)
        if relative.is_absolute() or ".." in relative.parts or "\\" in name:
            raise ModelError(f"{path} looks for its weights outside its folder: {name}")
    return sorted(names)


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    yield from _parts(graph.sparse_initializer)
    yield from _tensors_of(graph.node)


def _tensors_of(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    for node in nodes:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            yield from _parts([attribute.sparse_tensor, *attribute.sparse_tensors])
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else ())):
                yield from _tensors(inner)


def _parts(tensors: Iterable[onnx.SparseTensorProto]) -> Iterator[onnx.TensorProto]:
    for tensor in tensors:
        yield from (tensor.values, tensor.indices)


def _shape(value: onnx.ValueInfoProto) -> Shape:
    dimensions = value.type.tensor_type.shape.dim
    return tuple(dimension.dim_value or None for dimension in dimensions)


def _image_input(
    value: onnx.ValueInfoProto, graph: onnx.GraphProto, path: Path
) -> tuple[Layout, int, int]:
    shape = _shape(value)
    if len(shape) == 4 and shape[1] == 3:
        return "NCHW", shape[2] or _DEFAULT_SIZE, shape[3] or _DEFAULT_SIZE
    if len(shape) == 4 and shape[3] == 3:
        return "NHWC", shape[1] or _DEFAULT_SIZE, shape[2] or _DEFAULT_SIZE
    if len(shape) == 4 and shape[1] is None and shape[3] is None:
        layout: Layout = "NHWC" if _moves_channels_first(value.name, graph) else "NCHW"
        height, width = shape[1:3] if layout == "NHWC" else shape[2:]
        return layout, height or _DEFAULT_SIZE, width or _DEFAULT_SIZE
    raise ModelError(f"{path} takes {shape}, which is not an RGB image: write a card for it")


def _moves_channels_first(name: str, graph: onnx.GraphProto) -> bool:
    """Return whether the graph moves the channels of this input from the end to the front."""
    users = [node for node in graph.node if name in node.input]
    for node in users:
        if node.op_type == "Transpose":
            return any(list(attribute.ints) == [0, 3, 1, 2] for attribute in node.attribute)
    # Scaling and casts before the transposition keep the layout.
    outputs = [node.output[0] for node in users if node.op_type in _ELEMENTWISE]
    return any(_moves_channels_first(output, graph) for output in outputs)


_ELEMENTWISE = {"Cast", "Identity", "Mul", "Div", "Sub", "Add"}


def _feature_output(model: onnx.ModelProto, path: Path) -> tuple[str, int]:
    """Return name and dimension of the only output of shape (N, D) or (N, D, 1, 1). Of several,
    return the one with a common name for feature vectors."""
    outputs = model.graph.output
    vectors = _vectors(outputs)
    if not vectors:  # the shape may be missing, but follow from the rest of the graph
        vectors = _vectors(onnx.shape_inference.infer_shapes(model, data_prop=True).graph.output)
    if len(vectors) > 1:
        by_name = dict(vectors)
        vectors = [(name, by_name[name]) for name in _FEATURE_NAMES if name in by_name][:1]
    if not vectors:
        names = ", ".join(value.name for value in outputs)
        raise ModelError(
            f"{path} does not show which output is the feature vector ({names}): write a card"
        )
    return vectors[0]


def _vectors(outputs: Sequence[onnx.ValueInfoProto]) -> list[tuple[str, int]]:
    """Return name and dimension of the outputs that are one vector per image, of known length."""
    vectors = []
    for value in outputs:
        sizes = [size for size in _shape(value)[1:] if size != 1]
        is_float = value.type.tensor_type.elem_type in _FLOATS
        if is_float and len(sizes) == 1 and sizes[0]:
            vectors.append((value.name, sizes[0]))
    return vectors
