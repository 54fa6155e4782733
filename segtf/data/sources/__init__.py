"""Data sets by name. Each source is a function that lists samples; none decodes pixels."""

from segtf.data.sources.registry import (
    default_folder,
    load_source,
    register_source,
    source_names,
)

__all__ = ["default_folder", "load_source", "register_source", "source_names"]
