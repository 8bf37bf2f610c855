"""Static AIPP: crop and normalisation that `atc --insert_op_conf` builds into a model, which then takes uint8 photos."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

CHANNELS = 3


@dataclass(frozen=True)
class Aipp:
    """`(pixel - mean - minimum) * factor` per channel, of the crop at `left`, `top` from photos of `height` x `width`."""

    width: int
    height: int
    left: int
    top: int
    crop_width: int
    crop_height: int
    mean: tuple[float, ...]
    minimum: tuple[float, ...]
    factor: tuple[float, ...]

    def normalise(self, photos: np.ndarray) -> np.ndarray:
        """uint8 [N, height, width, 3], RGB -> float32 [N, 3, crop height, crop width]."""
        crop = photos[:, self.top : self.top + self.crop_height, self.left : self.left + self.crop_width]
        offset = np.array(self.mean, np.float32) + np.array(self.minimum, np.float32)
        scaled = (crop.astype(np.float32) - offset) * np.array(self.factor, np.float32)
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


def parse(text: str) -> Aipp:
    """An `aipp_op { key: value ... }` block. Raises: ValueError, saying which key and what was expected."""
    block = re.search(r"aipp_op\s*\{([^}]*)\}", re.sub(r"#.*", "", text))
    if not block:
        raise ValueError("no aipp_op { ... } block")
    found = {key: value.strip('"') for key, value in re.findall(r"(\w+)\s*:\s*([^\s,]+)", block.group(1))}
    for key, expected in (("aipp_mode", "static"), ("input_format", "RGB888_U8")):
        if found.get(key) != expected:
            raise ValueError(f"{key} is {found.get(key)}; expected {expected}")
    width, height = _whole(found, "src_image_size_w"), _whole(found, "src_image_size_h")
    crops = found.get("crop", "false").lower() == "true"
    made = Aipp(
        width=width,
        height=height,
        left=_whole(found, "load_start_pos_w", 0) if crops else 0,
        top=_whole(found, "load_start_pos_h", 0) if crops else 0,
        crop_width=_whole(found, "crop_size_w", width) if crops else width,
        crop_height=_whole(found, "crop_size_h", height) if crops else height,
        mean=_channels(found, "mean_chn", 0.0),
        minimum=_channels(found, "min_chn", 0.0),
        factor=_channels(found, "var_reci_chn", 1.0),
    )
    if made.left + made.crop_width > width or made.top + made.crop_height > height:
        raise ValueError("the crop reaches beyond src_image_size")
    return made


def _whole(found: dict[str, str], key: str, default: int | None = None) -> int:
    text = found.get(key, "" if default is None else str(default))
    if not text.isdecimal():
        raise ValueError(f"{key} is {text or 'missing'}; expected a whole number")
    return int(text)


def _channels(found: dict[str, str], key: str, default: float) -> tuple[float, ...]:
    return tuple(float(found.get(f"{key}_{channel}", default)) for channel in range(CHANNELS))
