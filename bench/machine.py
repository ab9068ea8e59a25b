"""What the numbers were measured on."""

import os
import platform

WANTED_FLAGS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile")


def cpu_facts() -> dict:
    """The first processor's entry of /proc/cpuinfo, in short."""
    entry: dict[str, str] = {}
    with open("/proc/cpuinfo") as lines:
        for line in lines:
            if not line.strip():
                break
            key, _, value = line.partition(":")
            entry[key.strip()] = value.strip()
    flags = set(entry.get("flags", "").split())
    return {"model": entry.get("model name", "unknown"), "family": entry.get("cpu family", ""),
            "model_number": entry.get("model", ""),
            "flags": [flag for flag in WANTED_FLAGS if flag in flags]}


def stolen_ticks() -> int:
    """Clock ticks in which the hypervisor ran something else; only the growth means anything."""
    with open("/proc/stat") as lines:
        return int(lines.readline().split()[8])


def machine_facts() -> dict:
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cpu": cpu_facts(), "num_cores": len(os.sched_getaffinity(0)),
            "memory_gib": round(memory_bytes / 2**30, 1),
            "kernel": platform.release(), "libc": " ".join(platform.libc_ver())}
