"""The notebook, executed in small settings."""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "nevus_segmentation.ipynb"

SMALL = """
from pathlib import Path

RUNS = Path("runs")
SIZE = (32, 32)
EPOCHS = 1
MODELS = {
    "U-Net": {"model": "unet", "model_settings": {"base_filters": 4, "depth": 1}},
}
"""


def test_the_notebook_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGTF_DATA", str(tmp_path / "absent"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ())]
    tagged[0].source = SMALL
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": tmp_path}}).execute()
    assert (tmp_path / "runs" / "export" / "1" / "saved_model.pb").is_file()
    assert (tmp_path / "runs" / "export" / "model.tflite").is_file()


def test_the_notebook_is_kept_with_its_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    pictures = [o for cell in cells for o in cell.outputs if "image/png" in o.get("data", {})]
    assert all(cell.execution_count for cell in cells)
    assert len(pictures) >= 5
    assert not [o for cell in cells for o in cell.outputs if o.output_type == "error"]
