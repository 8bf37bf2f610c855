"""What atc is told, and what a user may tell it."""

from __future__ import annotations

import platform
from contextlib import nullcontext

import pytest

from dinoq.workers.devices.atc import AtcFault, build_command

OPTIONS = {"soc": "310P3", "input_name": "input", "height": "224", "width": "224"}


def test_the_command_is_the_recipes_for_one_static_batch() -> None:
    assert build_command("/m/dino.onnx", 16, "fp16", {}, "/o/model", OPTIONS) == [
        *("--framework=5", "--model=/m/dino.onnx", "--output=/o/model", "--input_format=NCHW"),
        *(
            "--input_shape=input:16,3,224,224",
            "--soc_version=Ascend310P3",
            "--precision_mode=force_fp16",
            "--log=error",
        ),
    ]


def test_fp32_is_kept_or_fails() -> None:
    assert "--precision_mode=must_keep_origin_dtype" in build_command("m", 1, "fp32", {}, "o", OPTIONS)
    with pytest.raises(AtcFault, match="int8"):
        build_command("m", 1, "int8", {}, "o", OPTIONS)


def test_a_model_for_another_machine_names_it() -> None:
    other = "aarch64" if platform.machine() == "x86_64" else "x86_64"
    argv = build_command("m", 1, "fp16", {}, "o", {**OPTIONS, "arch": other})
    assert argv[-2:] == ["--host_env_os=linux", f"--host_env_cpu={other}"]
    assert not any("host_env" in word for word in build_command("m", 1, "fp16", {}, "o", OPTIONS))


def test_flags_of_the_user_come_last_and_replace_defaults() -> None:
    argv = build_command("m", 1, "fp16", {"log": "info", "insert_op_conf": "/a b;c.cfg"}, "o", OPTIONS)
    assert argv[-2:] == ["--log=info", "--insert_op_conf=/a b;c.cfg"]
    mixed = build_command("m", 1, "fp16", {"precision_mode_v2": "mixed_float16"}, "o", OPTIONS)
    assert [word for word in mixed if "precision" in word] == ["--precision_mode_v2=mixed_float16"]


@pytest.mark.parametrize(
    ("precision", "flag", "fits"),
    [
        ("fp16", {"precision_mode": "force_fp32"}, False),
        ("fp16", {"precision_mode": "allow_mix_precision"}, True),
        ("fp16", {"precision_mode_v2": "origin"}, False),
        ("fp32", {"precision_mode": "force_fp16"}, False),
        ("fp32", {"precision_mode_v2": "origin"}, True),
    ],
)
def test_a_mode_of_another_precision_than_the_runs_is_refused(precision: str, flag: dict[str, str], fits: bool) -> None:
    with nullcontext() if fits else pytest.raises(AtcFault, match=f"contradicts a run in {precision}"):
        build_command("m", 1, precision, flag, "o", OPTIONS)


@pytest.mark.parametrize("name", ["model", "output", "soc_version", "dynamic_batch_size", "framework"])
def test_what_is_built_and_where_is_not_the_users_to_set(name: str) -> None:
    with pytest.raises(AtcFault, match=f"{name} is dinoq's"):
        build_command("m", 1, "fp16", {name: "x"}, "o", OPTIONS)


@pytest.mark.parametrize(("name", "value"), [("LOG", "x"), ("-log", "x"), ("lo g", "x"), ("", "x"), ("log", "a\nb")])
def test_what_is_no_option_is_refused(name: str, value: str) -> None:
    with pytest.raises(AtcFault, match="is no option of atc"):
        build_command("m", 1, "fp16", {name: value}, "o", OPTIONS)
