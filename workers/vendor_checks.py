"""The vendors' software on this host, each piece as the vendor's own file finds it in the vendor's interpreter."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from dinoq.workers import children
from dinoq.workers.check import Check
from dinoq.workers.devices.base import DeviceFault, Piece
from dinoq.workers.devices.catalog import VENDORS, Surroundings, Vendor, interpreter
from dinoq.workers.vendor_link import VendorLink, VendorTrouble

PIECES_S = 240.0
"""atc's Python parts alone take half a minute to import."""


def vendor_checks(where: Surroundings) -> Iterator[Check]:
    """Every piece of every vendor; one line for a vendor of which this host shows no sign."""
    for vendor in VENDORS:
        if not vendor.pieces:
            continue
        if vendor.signs(where):
            yield from _pieces(vendor, where)
        else:
            yield Check(vendor.title, "missing", vendor.absent, f"on a host that should have it: {vendor.page}")


def _pieces(vendor: Vendor, where: Surroundings) -> Iterator[Check]:
    python = interpreter(vendor, where)
    options = {**where.ascend, "origin": where.origin}
    try:
        with (
            tempfile.TemporaryDirectory(prefix="dinoq-ask-") as folder,
            VendorLink(
                vendor.pieces, python=python, env=children.vendor_env(where.env, options), folder=Path(folder)
            ) as link,
        ):
            found = [Piece(**one) for one in link.ask("pieces", PIECES_S, options=options)["pieces"]]
    except (VendorTrouble, DeviceFault) as trouble:
        yield Check(vendor.title, "broken", str(trouble), vendor.page)
        return
    for piece in found:
        yield Check(f"{vendor.title} {piece.name}", piece.status, piece.text, piece.cure)
