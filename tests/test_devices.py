import pytest

from segtf.devices import choose_precision, read_cpu_flags, read_cpu_name


@pytest.mark.parametrize(
    ("capabilities", "flags", "policy"),
    [
        ([(9, 0)], [], "mixed_bfloat16"),
        ([(8, 0), (7, 5)], [], "mixed_float16"),
        ([(6, 1)], ["amx_bf16"], "float32"),
        ([(0, 0)], [], "float32"),
        ([], ["avx512f", "avx512_bf16"], "mixed_bfloat16"),
        ([], ["amx_bf16"], "mixed_bfloat16"),
        ([], ["avx512f"], "float32"),
        ([], [], "float32"),
    ],
)
def test_the_precision_fits_the_weakest_device(capabilities, flags, policy):
    assert choose_precision(capabilities, flags)[0] == policy


def test_what_linux_says_of_the_cpu_is_read(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("model name\t: Some CPU\nflags\t\t: fpu amx_bf16\n")
    assert read_cpu_flags(file) == ("fpu", "amx_bf16")
    assert read_cpu_name(file) == "Some CPU"


def test_elsewhere_nothing_is_known_of_the_cpu(tmp_path):
    assert read_cpu_flags(tmp_path / "none") == ()
    assert read_cpu_name(tmp_path / "none") == "CPU"
