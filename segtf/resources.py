"""Cores and memory that this process may use, which in a container are less than the machine's."""

import math
import os
from pathlib import Path

_V1_UNLIMITED = 2**60  # how version 1 spells "no limit", and no machine's memory


def usable_cores(root="/"):
    """Return how many cores this process may keep busy: at least 1.

    What counts is the least of the machine's cores, those that the process is bound to (CPU
    affinity), and the share that its control group grants it, rounded up.

    Args:
        root: folder that ``proc`` and ``sys`` are in.

    Example:

    >>> 1 <= usable_cores() <= os.cpu_count()
    True
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    for group in _groups(root, "cpu"):
        if group.is_v2:
            quota, period = _first_line(group.folder / "cpu.max", "max 100000").split()[:2]
        else:
            quota = _first_line(group.folder / "cpu.cfs_quota_us", "-1")
            period = _first_line(group.folder / "cpu.cfs_period_us", "100000")
        if quota.isdecimal() and int(quota) and period.isdecimal() and int(period):
            cores = min(cores, math.ceil(int(quota) / int(period)))
    return max(cores, 1)


def usable_memory(root="/"):
    """Return how many bytes of memory this process can still take without swapping.

    What counts is the lesser of what the machine has left and what the process's control groups
    have left of their limits.

    Args:
        root: folder that ``proc`` and ``sys`` are in.
    """
    left = _left_on_machine(Path(root))
    for group in _groups(root, "memory"):
        if group.is_v2:
            names = "memory.max", "memory.current", "inactive_file"
        else:
            names = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
        limit, used = (_first_line(group.folder / name, "max") for name in names[:2])
        if not (limit.isdecimal() and used.isdecimal()) or int(limit) >= _V1_UNLIMITED:
            continue
        # Copies of files in memory are counted as used, and given up when memory is wanted.
        reclaimable = _statistic(group.folder / "memory.stat", names[2])
        left = min(left, int(limit) - int(used) + reclaimable)
    return max(left, 0)


class _Group:
    """A control group: its folder, and whether it is of the second version of Linux's interface."""

    def __init__(self, folder, is_v2):
        self.folder = folder
        self.is_v2 = is_v2


def _groups(root, controller):
    """The control groups that this process is in, the innermost first: each limits it."""
    root = Path(root)
    mount = root / "sys/fs/cgroup"
    for line in _lines(root / "proc/self/cgroup"):
        _, _, names_and_path = line.partition(":")
        names, _, path = names_and_path.partition(":")
        if not names:
            hierarchies = [mount, mount / "unified"]
        elif controller in names.split(","):
            hierarchies = [mount / controller, mount / names]
        else:
            continue
        for hierarchy in hierarchies:
            if hierarchy.is_dir():
                for folder in _up_to(hierarchy, hierarchy / path.strip("/")):
                    yield _Group(folder, is_v2=not names)
                break


def _up_to(hierarchy, folder):
    """The folder and those above it; a container may see its own group at the top."""
    while folder != hierarchy and hierarchy in folder.parents:
        yield folder
        folder = folder.parent
    yield hierarchy


def _left_on_machine(root):
    for line in _lines(root / "proc/meminfo"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def _statistic(path, name):
    return next((int(line.split()[1]) for line in _lines(path) if line.startswith(f"{name} ")), 0)


def _first_line(path, default):
    return next(iter(_lines(path)), default)


def _lines(path):
    try:
        return path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []
