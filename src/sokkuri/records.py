"""The frozen records that the stages hand to each other. NumPy and the standard library only.

The data's way: FileRef (listing) -> Job (catalog) -> Pixels (decode) -> Outcome (extract)
-> rows in shards and catalog -> Hits (searching).
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

type Features = NDArray[np.float32]
"""Feature vectors, (N, D) float32, as the network gave them: not normalised."""
