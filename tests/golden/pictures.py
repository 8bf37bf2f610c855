"""Pictures made from a formula, for golden pixels: every mode, and the shapes that go wrong first."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

SIZES = {
    "photo": (500, 375),
    "portrait": (375, 500),
    "exact": (256, 256),
    "short_side_kept": (340, 256),
    "odd": (333, 257),
    "tiny": (1, 1),
    "small": (75, 56),
    "narrow": (3, 200),
    "tall": (300, 700),  # Pillow 13 resizes its columns first
    "very_tall": (256, 1500),
    "wide": (1500, 260),
    "extreme": (10000, 1),
    "large": (2816, 2112),
}
MODES = ("RGB", "L", "CMYK", "P", "RGBA", "LA", "1")


def picture(size: tuple[int, int], mode: str) -> Image.Image:
    """Noise over a slope, the same on every machine."""
    width, height = size
    x, y = np.meshgrid(np.arange(width, dtype=np.uint32), np.arange(height, dtype=np.uint32))
    planes = [((x * 7 + y * 13 + k * 50) // 4 + ((x * 2654435761 + y * 40503 + k) >> 16) % 61) % 256 for k in range(4)]
    colours = np.stack(planes, axis=-1).astype(np.uint8)
    if mode in ("CMYK", "RGBA"):
        return Image.frombytes(mode, size, np.ascontiguousarray(colours).tobytes())
    rgb = Image.fromarray(np.ascontiguousarray(colours[..., :3]))
    if mode == "P":
        return rgb.quantize(64, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    if mode == "1":
        return rgb.convert("L").point(lambda value: 255 * (value > 127), "1")
    return rgb.convert(mode)


def cases() -> dict[str, bytes]:
    """File name to file bytes. Lossless, so that nothing depends on an encoder; three JPEGs for the decoder."""
    files = {f"RGB_{name}.bmp": _saved(picture(size, "RGB"), "BMP") for name, size in SIZES.items()}
    for mode in MODES[1:]:
        kind = "TIFF" if mode == "CMYK" else "PNG"
        files[f"{mode}_photo.{kind.lower()}"] = _saved(picture((500, 375), mode), kind)
        files[f"{mode}_tall.{kind.lower()}"] = _saved(picture((300, 700), mode), kind)
    files["png_named.JPEG"] = files["L_photo.png"]
    for mode in ("RGB", "L", "CMYK"):
        files[f"{mode}_photo.JPEG"] = _saved(picture((500, 375), mode), "JPEG")
    return files


def _saved(image: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()
