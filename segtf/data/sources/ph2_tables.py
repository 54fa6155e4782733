"""The diagnoses of PH2, from whichever of its tables is there."""

from segtf.data.sources.tables import read_cells
from segtf.text_files import read_lines

DIAGNOSES = ("common nevus", "atypical nevus", "melanoma")


def read_diagnoses(root):
    """Read the diagnosis of each case.

    Args:
        root: folder with ``PH2_dataset.txt``, ``PH2_dataset.xlsx`` (needs openpyxl:
            ``segtf[ph2]``), ``PH2_dataset.csv`` or ``PH2_diagnosis.csv``; the first that is
            there is read.

    Returns:
        Case name to one of `DIAGNOSES`; empty without a table.
    """
    readers = {
        "PH2_dataset.txt": _from_text,
        "PH2_diagnosis.csv": _from_csv,
        "PH2_dataset.csv": _from_csv,
        "PH2_dataset.xlsx": _from_workbook,
    }
    for name, read in readers.items():
        if (root / name).is_file():
            return dict(read(root / name))
    return {}


def _from_text(path):
    """Rows look like ``|| IMD003 || histology || 0 || ...``; the third cell is the diagnosis."""
    for line, text in read_lines(path):
        cells = [cell.strip() for cell in text.strip("|").split("||")]
        if len(cells) > 2 and cells[0].startswith("IMD") and cells[2].isdigit():
            yield cells[0], _diagnosis(cells[2], path, line)


def _from_csv(path):
    return _from_rows(read_cells(path), path)


def _from_workbook(path):
    try:
        import openpyxl
    except ImportError:
        raise ValueError(
            f"Expected openpyxl, to read {path.name}: pip install segtf[ph2]. Received: none"
        ) from None
    sheet = openpyxl.load_workbook(path, read_only=True, data_only=True).worksheets[0]
    return _from_rows(enumerate(sheet.iter_rows(values_only=True), 1), path)


def _from_rows(rows, path):
    """Rows under a heading: a code per case, or a cross under one of three diagnoses."""
    heading = None
    for line, row in rows:
        cells = [" ".join(str(cell).lower().split()) if cell is not None else "" for cell in row]
        if heading is None:
            names = [cell.replace("_", " ") for cell in cells]
            heading = names if "image name" in names else None
            continue
        values = dict(zip(heading, cells, strict=False))
        if not values["image name"].startswith("imd"):
            continue
        crossed = [diagnosis for diagnosis in DIAGNOSES if values.get(diagnosis)]
        code = values.get("diagnosis code", values.get("clinical diagnosis", ""))
        if code.isdigit():
            yield values["image name"].upper(), _diagnosis(code, path, line)
        elif len(crossed) == 1:
            yield values["image name"].upper(), crossed[0]
    if heading is None:
        raise ValueError(
            f"Expected a table with a column 'Image Name'. Received: {path} without one"
        )


def _diagnosis(code, path, line):
    if int(code) >= len(DIAGNOSES):
        raise ValueError(
            f"Expected a diagnosis 0 to {len(DIAGNOSES) - 1}. Received: {path}, line {line}: {code}"
        )
    return DIAGNOSES[int(code)]
