"""From a photo's bytes to the model's input, bit for bit as torchvision does it on Pillow."""

from __future__ import annotations

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from dinoq.jobs.recipe import Recipe
from dinoq.workers.data.resample import agrees_with_pillow, resized_centre

# Our own limit stands below. Pillow's warnings on odd files are for nobody here; a filter per call is not thread-safe.
Image.MAX_IMAGE_PIXELS = None
warnings.filterwarnings("ignore", module=r"PIL\.")
FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "PPM")
"""What may be decoded, whatever a file is called: not all of Pillow's formats are pictures alone (EPS is a program)."""
MAX_PIXELS = 200_000_000
"""Of a photo before the resize: 600 MB as RGB."""
CENTRE_PIXELS = 4_000_000
"""Up to this size of a photo, making only the centre takes 0.6 of Pillow's time for the whole; beyond, Pillow is quicker."""
WHOLE_RESIZE_PIXELS = 16_000_000
"""Above this the resized picture is not made whole, only its centre: a 10000x1 photo would become 2 GB."""


class BadSample(Exception):
    """The bytes are no picture that can be evaluated; the text says why, in a few words."""


def pixels(data: bytes, recipe: Recipe, out: NDArray[np.uint8]) -> None:
    """Decode, resize and crop one photo into `out`, uint8 [3, crop, crop], RGB planes.

    EXIF orientation is not applied: neither torchvision nor the published figures do. Raises: BadSample.
    """
    if not data:
        raise BadSample("the file is empty")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(image.size)
            picture = image if image.mode == "RGB" else image.convert("RGB")
            _resize_and_crop(picture, recipe, out)
    except UnidentifiedImageError:
        raise BadSample("it is no picture") from None
    except (BadSample, MemoryError):  # too little memory is the machine's fault, not the photo's
        raise
    except Exception as error:  # noqa: BLE001  (what Pillow's decoders raise on damaged files has no base of its own)
        raise BadSample(
            f"it cannot be decoded: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        ) from None


def resized(size: tuple[int, int], recipe: Recipe) -> tuple[int, int]:
    """(width, height) after the resize: torchvision's arithmetic, the longer side truncated."""
    if recipe.geometry == "square":
        return recipe.resize, recipe.resize
    width, height = size
    if width <= height:
        return recipe.resize, int(recipe.resize * height / width)
    return int(recipe.resize * width / height), recipe.resize


def crop_corner(size: tuple[int, int], crop: int) -> tuple[int, int]:
    """(left, top) of torchvision's centre crop; halves round to even."""
    return round((size[0] - crop) / 2.0), round((size[1] - crop) / 2.0)


def normalise(source: NDArray[np.uint8], recipe: Recipe, out: NDArray[np.float32]) -> None:
    """uint8 [n, 3, H, W] to float32 `(x / scale - mean) / std` in `out`, of the same shape.

    In float32, in this order, by true division: a multiply-add differs in the last bit. One image at a time, so that
    the three passes stay in the cache.
    """
    scale = np.float32(recipe.scale)
    mean = np.array(recipe.mean, np.float32)[:, None, None]
    std = np.array(recipe.std, np.float32)[:, None, None]
    for image, target in zip(source, out, strict=True):
        np.copyto(target, image)  # first, as arithmetic between the two types goes through slow buffers
        if scale != 1:
            np.divide(target, scale, out=target)
        np.subtract(target, mean, out=target)
        np.divide(target, std, out=target)


def _resize_and_crop(picture: Image.Image, recipe: Recipe, out: NDArray[np.uint8]) -> None:
    size = resized(picture.size, recipe)
    corner = crop_corner(size, recipe.crop)
    if size != picture.size:
        huge = size[0] * size[1] > WHOLE_RESIZE_PIXELS
        if (huge or picture.width * picture.height <= CENTRE_PIXELS) and agrees_with_pillow(recipe.interpolation):
            resized_centre(picture, size, recipe.interpolation, corner, out)
            return
        if huge:
            raise BadSample(f"{picture.width}x{picture.height} is too extreme: {size[0]}x{size[1]} after the resize")
        picture = picture.resize(size, Image.Resampling[recipe.interpolation.upper()])
    box = (*corner, corner[0] + recipe.crop, corner[1] + recipe.crop)
    np.copyto(out, np.asarray(picture.crop(box)).transpose(2, 0, 1))


def _check_size(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise BadSample(f"{size[0]}x{size[1]} is more than {MAX_PIXELS // 1_000_000} million pixels")
