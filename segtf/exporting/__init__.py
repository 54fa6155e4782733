"""Exporting: SavedModels for a server, TFLite files for devices, checked against Keras."""

from segtf.exporting.export import Export, export
from segtf.exporting.info import export_info
from segtf.exporting.parity import ExportError

__all__ = ["Export", "ExportError", "export", "export_info"]
