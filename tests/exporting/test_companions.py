"""What lies beside an exported model: spec, model card, checksums."""

import json
import shutil

import pytest
from export_examples import LABELS

import segtf
from segtf.checksums import verify_export
from segtf.comparing.parity_report import ParityReport, Row
from segtf.exporting.model_card import model_card, read_figures
from segtf.exporting.provenance import provenance
from segtf.runs import Run
from segtf.spec import ModelSpec

FIGURES = {
    "data": "streets|<b>",
    "split": "val",
    "images": 7,
    "mean_dice": 0.5,
    "mean_iou": 0.4,
    "confidence_intervals": {
        "method": "percentile bootstrap over images",
        "level": 0.95,
        "mean_dice": [0.45, 0.55],
    },
    "per_class": {
        "road": {"dice": 0.9, "iou": 0.8, "iou_interval": [0.7, 0.85]},
        "tree": {"dice": 0.2, "iou": 0.1, "iou_interval": None},
        "car": {"dice": None, "iou": None, "iou_interval": None},
    },
}


def test_variants_share_a_folder(tflite_exports):
    folder = tflite_exports["tflite"].path.parent
    assert verify_export(folder) == (4 * 5 + 1, [])
    spec = json.loads((folder / "model-int8.spec.json").read_text())
    assert spec["file"] == "model-int8.tflite"
    assert spec["labels"] == LABELS[1].to_dict()
    assert ModelSpec.from_dict(spec).resize == "letterbox"
    assert (spec["input"]["dtype"], spec["input"]["shape"]) == ("uint8", [1, 24, 32, 3])
    assert (spec["output"]["gives"], spec["output"]["shape"]) == ("class_ids", [1, 24, 32])
    spec = json.loads((folder / "model.spec.json").read_text())
    assert (spec["output"]["gives"], spec["output"]["dtype"]) == ("logits", "float32")
    assert "exported without the run" in (folder / "model.card.md").read_text()


def test_a_version_folder_holds_them(exported):
    assert verify_export(exported.path)[1] == []
    card = (exported.path / "assets.extra/model-card.md").read_text()
    assert card.startswith(f"# Model card: {exported.path.parent.name}/1\n".replace("_", "\\_"))


def card_of(figures, data, logits=3):
    labels = LABELS[logits]
    origin = {"model": "unet", "parameters": 1234, "packages": {"segtf": "1.2"}, "data": data}
    spec = ModelSpec(labels, (24, 32)).to_dict()
    told = {**spec, "dynamic_size": False, "provenance": {**origin, "metrics": None}}
    row = Row("model.tflite", "tflite", 10, 1.0, 0.0, None, None, None)
    report = ParityReport((row, row), labels, 3, 0, "generated images", ())
    return model_card("model.tflite", told, report, figures)


def test_a_card_has_figures_with_intervals_and_limits():
    data = {"name": "streets", "fingerprint": "sha256:1", "trained_on": 5, "held_out": 2}
    card = card_of(FIGURES, {**data, "licence": None})
    for line in (
        "| mean Dice over classes | 0.500 | 0.450 to 0.550 |",
        "| road | 0.900 | 0.800 | 0.700 to 0.850 |",
        "| tree | 0.200 | 0.100 | - |",
        "- Classes of an IoU below 0.5: tree (0.100).",
        "- Classes that the images measured on do not show: car.",
        "| licence of the data | not stated |",
        "| images trained on | 5 |",
    ):
        assert f"\n{line}\n" in card, card
    assert "streets\\|\\<b\\>" in card
    assert "segtf 1.2" in card
    assert "| licence of the data | CC BY 4.0 |" in card_of(None, {**data, "licence": "CC BY 4.0"})


def test_the_card_of_a_run(small_run, synthetic_folder, tmp_path):
    run = Run(shutil.copytree(small_run.path, tmp_path / "run"))
    segtf.evaluate(run.path)
    data = shutil.copytree(synthetic_folder, tmp_path / "data")
    (data / "LICENSE.txt").write_text("\nCC0 1.0 Universal\n\nThe person who...\n")
    config = json.loads((run.path / "config.json").read_text())
    config["data"]["folder"] = str(data)
    (run.path / "config.json").write_text(json.dumps(config))
    run.save_data(run.data(), ["2 altered: 0003 (mask, train), 0004 (mask, train)"])
    exported = segtf.export(run, tmp_path / "out", "tflite", speed=False)
    card = (tmp_path / "out/model.card.md").read_text()
    for text in ("| images trained on | 10 |", "CC0 1.0 Universal |", "mean Dice over images"):
        assert text in card
    assert "| changed while training | 2 altered |" in card
    assert f"{read_figures(run)['mean_iou']:.3f}" in card
    assert provenance(segtf.load(run).backend.model, run)["data"]["licence"] == "CC0 1.0 Universal"
    names = {sample for samples in run.split().values() for sample in samples}
    for path in exported.path.parent.iterdir():
        content = path.read_bytes()
        assert not any(f"{name}." in content.decode("latin-1") for name in names), path
        assert str(tmp_path).encode() not in content
        assert b"0003 (mask" not in content


def test_a_file_of_somebody_is_not_overwritten(tmp_path, binary_model):
    (tmp_path / "model.spec.json").write_text("{}")
    with pytest.raises(ValueError, match=r"model\.spec\.json, which segtf\.export did not write"):
        segtf.export(binary_model, tmp_path, "tflite", labels=LABELS[1], speed=False)
