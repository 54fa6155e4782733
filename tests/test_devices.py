import pytest

from segtf.devices import choose_precision, cpu_flags, read_cpu_name


@pytest.mark.parametrize(
    ("capabilities", "policy"),
    [
        ([(9, 0)], "mixed_bfloat16"),
        ([(8, 0), (7, 5)], "mixed_float16"),
        ([(6, 1)], "float32"),
        ([(0, 0)], "float32"),
        ([], "float32"),
    ],
)
def test_the_precision_fits_the_weakest_device(capabilities, policy):
    assert choose_precision(capabilities)[0] == policy


def test_what_linux_says_of_the_cpu_is_read(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("model name\t: Some CPU\nflags\t\t: fpu avx2\n")
    assert read_cpu_name(file) == "Some CPU"
    assert cpu_flags(file) == {"fpu", "avx2"}


def test_elsewhere_nothing_is_known_of_the_cpu(tmp_path):
    assert read_cpu_name(tmp_path / "none") == "CPU"
    assert cpu_flags(tmp_path / "none") == set()
