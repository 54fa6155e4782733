"""Limits of containers, from files as Linux shows them."""

import os

import pytest

from segtf.resources import usable_cores, usable_memory

GB = 10**9


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Write files below a root; the process may run on 16 cores, and 100 GB are free."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(16)), raising=False)

    def write(files):
        for name, text in {"proc/meminfo": f"MemAvailable: {100 * GB // 1024} kB", **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")
        return tmp_path

    return write


V2 = "sys/fs/cgroup"
CORES = {
    "no container": ({}, 16),
    "version 2": ({"proc/self/cgroup": "0::/", f"{V2}/cpu.max": "200000 100000"}, 2),
    "part of a core": ({"proc/self/cgroup": "0::/", f"{V2}/cpu.max": "150000 100000"}, 2),
    "less than a core": ({"proc/self/cgroup": "0::/", f"{V2}/cpu.max": "10000 100000"}, 1),
    "no limit": ({"proc/self/cgroup": "0::/", f"{V2}/cpu.max": "max 100000"}, 16),
    "more than the affinity": ({"proc/self/cgroup": "0::/", f"{V2}/cpu.max": "9900000 100000"}, 16),
    "a group above": (
        {
            "proc/self/cgroup": "0::/pods/one",
            f"{V2}/pods/cpu.max": "300000 100000",
            f"{V2}/pods/one/cpu.max": "max 100000",
        },
        3,
    ),
    "a path that is seen from outside": (
        {"proc/self/cgroup": "0::/docker/abc", f"{V2}/cpu.max": "400000 100000"},
        4,
    ),
    "version 1": (
        {
            "proc/self/cgroup": "5:cpuset:/\n4:cpu,cpuacct:/docker/abc\n0::/",
            f"{V2}/cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "250000",
            f"{V2}/cpu,cpuacct/docker/abc/cpu.cfs_period_us": "50000",
        },
        5,
    ),
    "version 1 without a limit": (
        {
            "proc/self/cgroup": "4:cpu:/",
            f"{V2}/cpu/cpu.cfs_quota_us": "-1",
            f"{V2}/cpu/cpu.cfs_period_us": "100000",
        },
        16,
    ),
    "files that say nothing": ({"proc/self/cgroup": "0::/", f"{V2}/cpu.max": "0 0"}, 16),
}


@pytest.mark.parametrize(("files", "cores"), CORES.values(), ids=CORES)
def test_cores_that_a_container_may_use(machine, files, cores):
    assert usable_cores(machine(files)) == cores


def test_cores_that_the_process_is_bound_to(machine, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5})
    assert usable_cores(machine({})) == 2


def test_elsewhere_all_cores_count(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert usable_cores(tmp_path) == os.cpu_count()


MEMORY = {
    "no container": ({}, 100),
    "version 2": (
        {
            "proc/self/cgroup": "0::/",
            f"{V2}/memory.max": f"{8 * GB}",
            f"{V2}/memory.current": f"{5 * GB}",
            f"{V2}/memory.stat": f"anon 3\ninactive_file {2 * GB}\nactive_file 1",
        },
        5,
    ),
    "no limit": ({"proc/self/cgroup": "0::/", f"{V2}/memory.max": "max"}, 100),
    "a group above": (
        {
            "proc/self/cgroup": "0::/pod/one",
            f"{V2}/pod/memory.max": f"{6 * GB}",
            f"{V2}/pod/memory.current": f"{2 * GB}",
            f"{V2}/pod/one/memory.max": f"{50 * GB}",
            f"{V2}/pod/one/memory.current": f"{1 * GB}",
        },
        4,
    ),
    "version 1": (
        {
            "proc/self/cgroup": "4:memory:/docker/abc\n0::/",
            f"{V2}/memory/memory.limit_in_bytes": "9223372036854771712",
            f"{V2}/memory/memory.usage_in_bytes": f"{90 * GB}",
            f"{V2}/memory/docker/abc/memory.limit_in_bytes": f"{4 * GB}",
            f"{V2}/memory/docker/abc/memory.usage_in_bytes": f"{3 * GB}",
            f"{V2}/memory/docker/abc/memory.stat": f"total_inactive_file {1 * GB}",
        },
        2,
    ),
    "over its limit": (
        {
            "proc/self/cgroup": "0::/",
            f"{V2}/memory.max": f"{1 * GB}",
            f"{V2}/memory.current": f"{2 * GB}",
        },
        0,
    ),
}


@pytest.mark.parametrize(("files", "gigabytes"), MEMORY.values(), ids=MEMORY)
def test_memory_that_a_container_may_use(machine, files, gigabytes):
    assert usable_memory(machine(files)) == pytest.approx(gigabytes * GB, abs=1024)


def test_the_machine_itself():
    assert 1 <= usable_cores() <= os.cpu_count()
    assert usable_memory() > 0
