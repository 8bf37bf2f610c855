"""The T4 code and its simulator against the vendors' real modules: every name, every parameter. No card is needed.

The real bindings come with the test requirements; other versions of TensorRT are tried where DINOQ_TENSORRT_WHEELS
names a folder that `python -m tests.contract.surface.fetch FOLDER` has filled.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import absent
from tests.contract.surface.used import CUDA, NVML, TENSORRT, Use, Vendor, strangers, uses

ROOT = Path(__file__).parents[2]
DESCRIBE = ROOT / "tests/contract/surface/describe.py"
MODULES = ROOT / "workers/simulators/modules"
SIMULATED = {"8.6.1": "8.6.1", "10.16.1.11": "10.16.1", "11.4.0.106": "11.4.0"}
"""Real versions, and what the simulator calls them."""
SURFACE = json.loads(Path(__file__).with_name("surface").joinpath("tensorrt.json").read_text())
"""What a stand-in for TensorRT has to offer: present in 8.6.1, 10.0.1, 10.3.0, 10.16.1.11 and 11.4.0.106 alike."""
PARAMETERS = {
    "IOptimizationProfile.set_shape": ["input", "min", "opt", "max"],
    "IBuilderConfig.set_timing_cache": ["cache", "ignore_mismatch"],
    "OnnxParser.parse": ["model", "path"],
    "IExecutionContext.execute_async_v3": ["stream_handle"],
    "IExecutionContext.set_tensor_address": ["name", "memory"],
    "Runtime.deserialize_cuda_engine": ["serialized_engine"],
}
NULLPTR = "pybind11::init(): factory function returned nullptr"


@dataclass(frozen=True)
class Told:
    """What a module offers: for each name that is there, its parameters, one list per overload."""

    version: str
    there: dict[str, list[list[str]]]
    file: str
    no_gpu: tuple[str, ...] = ()


def describe(module: str, major: str = "", **env: str) -> Told:
    """Ask a module in a process of its own for every name that matters."""
    wanted = sorted({use.name for vendor in (TENSORRT, CUDA, NVML) for use in uses(vendor)} | surface_names())
    wanted += ["BuilderFlag.FP16", "NetworkDefinitionCreationFlag.EXPLICIT_BATCH", "IExecutionContext.execute_async_v2"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DINOQ_SIM")}
    argv = [sys.executable, str(DESCRIBE), module, *filter(None, [major])]
    asked = subprocess.run(argv, input=json.dumps(wanted), env=clean | env, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr
    told = json.loads(asked.stdout)
    return Told(told["version"], told["there"], told["file"], tuple(told.get("no_gpu", ())))


def surface_names() -> set[str]:
    return {f"{owner}.{name}" for owner, names in SURFACE.items() for name in names}


def needs_wheel(module: str) -> None:
    """Skip where the wheel is not made for this machine; elsewhere it has to be there."""
    if sys.platform != "linux" or platform.machine() != "x86_64" or sys.version_info >= (3, 14):
        pytest.skip(f"{module} has no wheel for this machine")
    if importlib.util.find_spec(module) is None:
        absent(module)


@functools.cache
def real_tensorrt(version: str) -> Told:
    if shutil.which("cc") is None:
        absent("C compiler `cc`")
    if version == "10.16.1.11":
        needs_wheel("tensorrt_bindings")
        return describe("tensorrt_bindings", "10")
    folder = Path(os.environ.get("DINOQ_TENSORRT_WHEELS", "/nonexistent"), version)
    if not folder.is_dir():
        pytest.skip(f"TensorRT {version}: python -m tests.contract.surface.fetch FOLDER, DINOQ_TENSORRT_WHEELS=FOLDER")
    return describe("tensorrt_bindings", version.split(".")[0], PYTHONPATH=str(folder))


@functools.cache
def simulated(module: str, version: str = "10.16.1.11") -> Told:
    return describe(module, PYTHONPATH=str(MODULES), DINOQ_SIM_TENSORRT=SIMULATED[version])


def fits(use: Use, overloads: Iterable[list[str]]) -> bool:
    """Whether a call with so many positional arguments and these keywords is one of the overloads."""
    return any(
        use.positional <= len(names) and set(use.keywords) <= set(names[use.positional :]) for names in overloads
    )


def misfits(vendor: Vendor, told: Told) -> list[str]:
    """Names that are not there, and calls that fit no overload; classes tell their parameters otherwise."""
    found = [use.name for use in uses(vendor) if use.name not in told.there]
    calls = [use for use in uses(vendor) if use.called and told.there.get(use.name) and "__init__" not in use.name]
    return found + [f"{use}" for use in calls if not fits(use, told.there[use.name])]


@pytest.fixture(params=SIMULATED)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("vendor", [TENSORRT, CUDA, NVML], ids=["tensorrt", "cuda", "nvml"])
def test_every_variable_of_the_device_files_is_known_as_the_vendors_or_ours(vendor: Vendor) -> None:
    assert strangers(vendor) == set()


def test_the_real_bindings_have_every_name_and_parameter_that_the_t4_code_uses(version: str) -> None:
    told = real_tensorrt(version)
    assert told.version == version
    assert misfits(TENSORRT, told) == []


def test_the_real_bindings_have_the_whole_surface(version: str) -> None:
    assert surface_names() - real_tensorrt(version).there.keys() == set()


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_real_bindings_name_their_parameters_as_we_believe(name: str, version: str) -> None:
    assert PARAMETERS[name] in real_tensorrt(version).there[name]


def test_without_a_card_the_real_factories_return_nullptr_as_the_simulated_do(version: str) -> None:
    assert simulated("tensorrt", version).no_gpu == (NULLPTR, NULLPTR)
    assert real_tensorrt(version).no_gpu == (NULLPTR, NULLPTR)


def test_the_simulator_has_the_surface_and_what_the_t4_code_uses(version: str) -> None:
    told = simulated("tensorrt", version)
    assert Path(told.file).is_relative_to(MODULES)
    assert told.version == version
    assert surface_names() - told.there.keys() == set()
    assert misfits(TENSORRT, told) == []


def test_the_simulators_parameters_are_the_real_ones(version: str) -> None:
    real, ours = real_tensorrt(version), simulated("tensorrt", version)
    for name in sorted(surface_names()):
        for names in ours.there[name]:
            assert any(overload[: len(names)] == names for overload in real.there[name] or [names]), name


@pytest.mark.parametrize("name", ["BuilderFlag.FP16", "NetworkDefinitionCreationFlag.EXPLICIT_BATCH"])
def test_what_eleven_gave_up_is_gone_from_the_simulator_too(name: str, version: str) -> None:
    assert (name in simulated("tensorrt", version).there) == (not version.startswith("11"))
    assert (name in real_tensorrt(version).there) == (not version.startswith("11"))


@pytest.mark.parametrize(("module", "vendor"), [("cuda.bindings.runtime", CUDA), ("pynvml", NVML)])
def test_real_cuda_and_nvml_have_every_name_and_parameter_that_the_t4_code_uses(module: str, vendor: Vendor) -> None:
    needs_wheel(module.split(".")[0])
    told = describe(module)
    assert not Path(told.file).is_relative_to(MODULES)
    assert misfits(vendor, told) == []


@pytest.mark.parametrize(("module", "vendor"), [("cuda.bindings.runtime", CUDA), ("pynvml", NVML)])
def test_simulated_cuda_and_nvml_have_them_with_the_same_parameters(module: str, vendor: Vendor) -> None:
    needs_wheel(module.split(".")[0])
    real, ours = describe(module), simulated(module)
    # The fields of NVML's structures are the real module's to prove; the simulator answers plain objects.
    missing = [name for name in misfits(vendor, ours) if not name.startswith("c_nvml")]
    assert missing == []
    for use in uses(vendor):
        if use.called:
            assert ours.there[use.name] == real.there[use.name], use.name


def test_a_name_that_is_not_there_is_found_missing() -> None:
    told: Any = Told("", {"Builder.create_network": [["flags"]]}, "")
    assert "Runtime" in misfits(TENSORRT, told)
    assert not fits(Use("x", True, 2), [["flags"]])
    assert not fits(Use("x", True, 0, ("workspace",)), [["flags"]])
