"""The article's extraction loop, written from its description. `--decode exact` must equal it."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image


def extract(path: Path, model: Path, input_: str, output: str) -> NDArray[np.float32]:
    """Return the feature vector (D,) of one image, as the script computes it: NHWC, RGB / 255."""
    session = onnxruntime.InferenceSession(model)
    with Image.open(path) as image:
        size = session.get_inputs()[0].shape[1:3]
        pixels = np.asarray(image.convert("RGB").resize((size[1], size[0])))
    (features,) = session.run([output], {input_: (pixels.astype(np.float32) / 255)[None]})
    vector: NDArray[np.float32] = features[0]
    return vector
