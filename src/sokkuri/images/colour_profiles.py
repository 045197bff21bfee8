"""Convert the colours of a decoded image from its embedded ICC profile to sRGB.

Takes Pillow's images and returns images of 8 bits. Pictures that people see, or that are compared,
are converted; and those of which vectors are made, if the collection decodes `colour`.
"""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}
"""The colour space of a profile that fits a mode."""

_KEPT = 64  # profiles whose transformation is kept
_UNSEEN = 2  # levels by which a profile may differ from sRGB without a conversion


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the image in sRGB: the image itself if it has no profile, or one that does not fit.

    image : of the mode RGB, L or CMYK. profile : the bytes of its ICC profile.
    """
    transform = None if profile is None else _transform(profile, image.mode)
    if transform is None:
        return image
    converted = ImageCms.applyTransform(image, transform)
    return image if converted is None else converted


def has_profile(image: Image.Image) -> bool:
    """Return whether the image has a profile that changes its colours."""
    profile = profile_of(image)
    return profile is not None and _transform(profile, image.mode) is not None


def profile_of(image: Image.Image) -> bytes | None:
    """Return the bytes of the embedded ICC profile, None if there is none."""
    profile = image.info.get("icc_profile")
    return profile if isinstance(profile, bytes) and profile else None


@lru_cache(_KEPT)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the transformation to sRGB.

    None if the profile is damaged, is of another colour space, or is sRGB itself.
    """
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != _SPACES.get(mode):
            return None
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.NOCACHE,  # so that threads can share it
        )
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None
    return None if _is_srgb(transform, mode) else transform


def _is_srgb(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Return whether the transformation leaves all colours as they are."""
    if mode == "CMYK":
        return False
    levels = np.linspace(0, 255, 16).round().astype(np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    if mode == "L":
        colours = np.arange(256, dtype=np.uint8)[None]
    converted = ImageCms.applyTransform(Image.fromarray(colours), transform)
    before = colours if mode == "RGB" else np.repeat(colours[..., None], 3, axis=-1)
    return int(np.abs(np.asarray(converted, np.int16) - before).max()) <= _UNSEEN
