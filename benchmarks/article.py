"""A peer: the two scripts of the article, rewritten from their description, not tuned for speed.

    python -m benchmarks.article extract LIST FEATURES MODEL.onnx THREADS PART/PARTS
    python -m benchmarks.article search FEATURES ID

extract: for each image of the list without a vector, open it with Pillow, convert it to RGB, resize
it to 224 x 224, normalise it as float32, run the network once, and `np.save` the vector to its own
file. THREADS 0 means ONNX Runtime's default. search: load every shard, compute the Euclidean
distances to all rows, `argsort` them, and print the nearest ten.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def extract(names: str, features: str, model: str, threads: str, part: str) -> None:
    import onnxruntime
    from PIL import Image

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    session = onnxruntime.InferenceSession(model, options)
    (source,), (output,) = session.get_inputs(), session.get_outputs()
    number, parts = map(int, part.split("/"))
    for line in Path(names).read_text().splitlines()[number::parts]:
        path = Path(line)
        target = Path(features, path.name[:2], path.name[2:4], f"{path.name}.npy")
        if target.exists():
            continue
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB").resize((224, 224)))
        values: NDArray[np.float32] = pixels.astype(np.float32)
        if source.shape[1] != 3:  # the article's network: channels last, RGB / 255
            values = (values / np.float32(255))[None]
        elif output.name == "feature_vector":
            values = (values / np.float32(255)).transpose(2, 0, 1)[None]
        else:  # EfficientNet-Lite0
            values = ((values - 127) / np.float32(128)).transpose(2, 0, 1)[None]
        (vector,) = session.run([output.name], {source.name: values})
        target.parent.mkdir(parents=True, exist_ok=True)
        np.save(target, vector[0])


def search(features: str, query: str) -> None:
    shards = sorted(Path(features).glob("*.features.npy"))
    matrix = np.concatenate([np.load(path) for path in shards])
    ids = np.concatenate([np.load(str(p).replace(".features", ".object_ids")) for p in shards])
    vector = matrix[np.flatnonzero(ids == query)[0]]
    distances = np.linalg.norm(matrix - vector, axis=1)
    for number in np.argsort(distances)[:10]:
        print(ids[number], distances[number])


if __name__ == "__main__":
    if sys.argv[1] == "extract":
        extract(*sys.argv[2:])
    else:
        search(*sys.argv[2:])
