"""This machine: what vendors' interfaces are asked through here, real ones or simulators', and what they answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dinoq.cli.settings import Settings
from dinoq.jobs.chips import chip_named
from dinoq.jobs.errors import UsageError

if TYPE_CHECKING:
    from dinoq.workers.devices.catalog import Discovered, Surroundings

PUBLISHED = "published"


def discovered(settings: Settings) -> Discovered:
    """Every device and toolchain of this host. Raises: UsageError for a simulated machine that cannot be."""
    from dinoq.workers.devices.catalog import discover

    return discover(surroundings(settings))


def surroundings(settings: Settings) -> Surroundings:
    """Where this host's devices are looked for."""
    from dinoq.workers.devices.catalog import Surroundings

    simulate = settings.get("simulate")
    return Surroundings(
        host=settings.host,
        env={**settings.env, **vendor_env(settings)},
        python=sys.executable,
        null_devices=settings.get("null_devices") or "",
        simulate=_chips(simulate) if simulate else "",
        pace=(settings.get("pace") or "") if simulate else "",
        ascend_python="" if simulate else settings.get("ascend_python") or "",
        ascend={} if simulate else ascend_options(settings),
    )


def vendor_env(settings: Settings) -> dict[str, str]:
    """What a simulated machine adds to the environment of vendors' programs and modules; nothing for a real one."""
    simulate = settings.get("simulate")
    if not simulate:
        return {}
    from dinoq.workers.simulators.install import install

    env = {**settings.env, **_paced(settings.get("pace"))}
    try:
        folder = settings.state / "run" / "simulated"
        return {
            **install(folder, python=sys.executable, simulate=_chips(simulate), env=env),
            **_paced(settings.get("pace")),
        }
    except ValueError as error:
        raise UsageError(f"{error}.", hint="--simulate 310P3:4,T4:1") from None


def ascend_options(settings: Settings) -> dict[str, str]:
    """The settings of `[ascend]` that its device file and atc take."""
    named = {"set_env": settings.get("ascend_set_env"), "atc_python": settings.get("ascend_atc_python")}
    return {name: text for name, text in named.items() if text}


def check_fleet(settings: Settings, *, into_fleet: bool) -> None:
    """Raises: UsageError when simulated devices would register in a database that real ones share."""
    if settings.get("simulate") and settings.get("database_url") and not into_fleet:
        raise UsageError(
            "simulated devices would register in the fleet's database (DINOQ_DATABASE_URL), beside real ones.",
            hint="unset DINOQ_DATABASE_URL, or --simulate-into-fleet where that is meant",
        )


def _chips(simulate: str) -> str:
    """`310p3:4, t4` as the simulators take it: `310P3:4,T4:1`."""
    parts = [part.partition(":") for part in simulate.split(",") if part.strip()]
    return ",".join(f"{chip_named(name.strip()).name}:{number.strip() or 1}" for name, _, number in parts)


def _paced(pace: str | None) -> dict[str, str]:
    """Which table a simulated machine takes its times from."""
    if not pace:
        return {}
    from dinoq.workers import simulators

    table = Path(simulators.__file__).parent / "published.toml" if pace == PUBLISHED else Path(pace).absolute()
    if not table.is_file():
        raise UsageError(f"pace table {table} is no file.", hint="--pace published, or a TOML file")
    return {"DINOQ_SIM_PACE": str(table)}
