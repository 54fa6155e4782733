"""Pictures to judge by."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from segtf import viz
from segtf.data.sample import Sample
from segtf.labels import LabelMap
from segtf.spec import ModelSpec

LESION = LabelMap(("skin", "lesion"), colors=((0, 0, 0), (255, 0, 0)))
STREET = LabelMap(("sky", "road", "car"), colors=((70, 130, 180), (128, 64, 128), (0, 0, 142)))
BLACK, GREY = [0, 0, 0], list(viz.IGNORED_COLOR)

HISTORY = [
    {"epoch": 1, "loss": 0.9, "val_loss": 1.0, "mean_iou": 0.2, "val_mean_iou": 0.1},
    {"epoch": 2, "loss": 0.5, "val_loss": 0.6, "mean_iou": 0.6, "val_mean_iou": 0.5},
    {"epoch": 3, "loss": 0.4, "val_loss": 0.7, "mean_iou": 0.7, "val_mean_iou": 0.4},
]


def _square(side=64):
    mask = np.zeros((side, side), np.uint8)
    mask[side // 4 : -side // 4, side // 4 : -side // 4] = 1
    return mask


def test_colorize_paints_classes_and_ignored_pixels():
    colors = viz.colorize(np.array([[0, 1], [2, 255]], np.uint8), STREET)
    assert colors.dtype == np.uint8
    assert colors.tolist() == [[[70, 130, 180], [128, 64, 128]], [[0, 0, 142], GREY]]


def test_colorize_takes_bool_masks():
    assert viz.colorize(np.array([[True, False]]), LESION).tolist() == [[[255, 0, 0], BLACK]]


@pytest.mark.parametrize("paint", [viz.colorize, lambda *args: viz.overlay(args[0], *args)])
def test_ids_beyond_the_classes_are_refused(paint):
    with pytest.raises(ValueError, match=r"class ids 0\.\.1 .*Received: \[2, 7\]"):
        paint(np.array([[0, 2], [7, 255]], np.uint8), LESION)


def test_an_ignore_id_is_refused_where_the_labels_have_none():
    with pytest.raises(ValueError, match=r"Received: \[255\]"):
        viz.colorize(np.array([[255]]), LabelMap(("a", "b"), ignore_class=None))


@pytest.mark.parametrize("mask", [np.zeros((2, 2)), np.zeros((2, 2, 1), np.uint8)])
def test_masks_of_another_kind_are_refused(mask):
    with pytest.raises(ValueError, match=r"integers .*Received: "):
        viz.colorize(mask, LESION)


def test_overlay_is_clear_outside_translucent_inside_and_full_on_the_contour():
    image = np.full((64, 64, 3), 100, np.uint8)
    painted = viz.overlay(image, _square(), LESION, alpha=0.4)
    assert painted.shape == (64, 64, 3) and painted.dtype == np.uint8
    assert (painted[_square() == 0] == 100).all()
    assert painted[32, 32].tolist() == [162, 60, 60]  # 100 + 0.4 * (255 - 100), 100 * 0.6
    assert painted[16, 32].tolist() == [255, 0, 0]


@pytest.mark.parametrize("shape", [(64, 64), (64, 64, 1), (64, 64, 3)])
def test_overlay_takes_grey_and_rgb_and_leaves_them_alone(shape):
    image = np.full(shape, 100, np.uint8)
    image.flags.writeable = False
    reference = viz.overlay(np.full((64, 64, 3), 100, np.uint8), _square(), LESION)
    np.testing.assert_array_equal(viz.overlay(image, _square(), LESION), reference)


def test_overlay_paints_a_first_class_that_is_no_background():
    painted = viz.overlay(np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8), STREET, alpha=1)
    assert (painted == STREET.colors[0]).all()


def test_overlay_leaves_the_background_clear_whatever_its_colour():
    labels = LabelMap(("black", "clear", "c"), ((0, 0, 0), (9, 9, 9), (1, 2, 3)), background=1)
    shown = viz.overlay(np.full((1, 9), 100, np.uint8), np.repeat([0, 1, 2], 3)[None], labels, 1)
    assert [shown[0, x].tolist() for x in (0, 4, 8)] == [[0, 0, 0], [100, 100, 100], [1, 2, 3]]


def test_overlay_refuses_sizes_that_differ_and_other_pixels():
    with pytest.raises(ValueError, match=r"same height and width. Received: \(8, 9\) and \(8, 8\)"):
        viz.overlay(np.zeros((8, 9, 3), np.uint8), np.zeros((8, 8), np.uint8), LESION)
    with pytest.raises(ValueError, match=r"uint8 .*Received: float64"):
        viz.overlay(np.zeros((8, 8, 3)), np.zeros((8, 8), np.uint8), LESION)
    with pytest.raises(ValueError, match=r"alpha in 0\.\.1. Received: 2"):
        viz.overlay(np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8), LESION, alpha=2)


def test_error_map_tells_the_kinds_apart():
    truth = np.array([[0, 1, 1, 0, 2, 255]], np.uint8)
    prediction = np.array([[0, 1, 0, 2, 1, 1]], np.uint8)
    names = ("hit", "missed", "false alarm", "wrong class", "ignored")
    expected = [BLACK, *(list(viz.ERROR_COLORS[name]) for name in names)]
    assert viz.error_map(truth, prediction).tolist() == [expected]


def test_error_map_without_background_knows_wrong_classes_alone():
    truth = np.array([[0, 1, 0, 255]], np.uint8)
    prediction = np.array([[0, 0, 1, 1]], np.uint8)
    names = ("hit", "wrong class", "wrong class", "ignored")
    expected = [list(viz.ERROR_COLORS[name]) for name in names]
    assert viz.error_map(truth, prediction, background=None).tolist() == [expected]


@given(hnp.arrays(np.uint8, st.tuples(st.just(2), st.integers(1, 9), st.integers(1, 9))))
def test_error_map_shows_errors_exactly_where_masks_differ(masks):
    truth, prediction = masks % 4
    picture = viz.error_map(truth, prediction, ignore_class=3)
    right = (picture == 0).all(-1) | (picture == viz.ERROR_COLORS["hit"]).all(-1)
    ignored = (picture == GREY).all(-1)
    np.testing.assert_array_equal(ignored, truth == 3)
    np.testing.assert_array_equal(right | ignored, (truth == prediction) | (truth == 3))


def test_error_map_refuses_sizes_that_differ():
    with pytest.raises(ValueError, match=r"Received: \(2, 2\) and \(2, 3\)"):
        viz.error_map(np.zeros((2, 2), int), np.zeros((2, 3), int))


@pytest.mark.parametrize("triple", viz._ERROR_TRIPLES)
def test_error_colors_stay_apart_without_red_and_green(triple):
    # Full deuteranopia and protanopia, linear RGB: Machado, Oliveira, Fernandes (2009).
    deutan = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
              [-0.011820, 0.042940, 0.968881]]  # fmt: skip
    protan = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
              [-0.003882, -0.048116, 1.051998]]  # fmt: skip
    fixed = [viz.ERROR_COLORS[kind] for kind in ("hit", "ignored")]
    colors = np.array([BLACK, *fixed, *triple]) / 255
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    for matrix in (deutan, protan):
        seen = np.clip(linear @ np.array(matrix).T, 0, 1) ** (1 / 2.2)
        for one, other in itertools.combinations(seen, 2):
            assert np.abs(one - other).max() > 0.15


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=2))
def test_error_colors_never_meet_those_of_the_classes(colors):
    labels = LabelMap([f"class {id_}" for id_ in range(len(colors) + 1)], [(0, 0, 0), *colors])
    errors = list(viz.error_colors(labels).values())[1:4]
    gaps = np.array(errors, float)[:, None] - np.array(colors, float)
    assert np.linalg.norm(gaps, axis=-1).min() > 60


def test_errors_lie_over_the_dimmed_image():
    image = np.full((1, 4, 3), (200, 100, 50), np.uint8)
    picture = viz.error_map([[0, 1, 1, 0]], [[0, 1, 0, 1]], image=image)[0].tolist()
    assert picture[0] == [50, 50, 50]  # 0.4 of its grey
    assert picture[1] == [152, 152, 152]  # half way to white
    assert picture[2:] == [list(viz.ERROR_COLORS[name]) for name in ("missed", "false alarm")]
    with pytest.raises(ValueError, match="image and masks of the same"):
        viz.error_map([[0]], [[0]], image=image)


def test_contact_sheet_draws_each_picture_in_its_place(tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        [np.full((500, 700, 3), (200, 10, 10), np.uint8), np.full((30, 20), 90, np.uint8)],
        [np.full((64, 64, 1), 170, np.uint8), rng.integers(0, 255, (9, 90, 3), np.uint8)],
    ]
    path = tmp_path / "sheet.png"
    viz.contact_sheet(rows, ["image", "truth"], path, captions=["first", "second"])
    with Image.open(path) as sheet:
        assert sheet.format == "PNG"
        pixels = np.asarray(sheet)
    assert pixels.shape[1] == 8 + 2 * (256 + 8)
    assert pixels[120, 100].tolist() == [200, 10, 10]
    assert pixels[120, 300].tolist() == [90, 90, 90]
    assert (pixels == 170).all(-1).sum() >= 256 * 256
    assert [file.name for file in tmp_path.iterdir()] == ["sheet.png"]


def test_contact_sheet_explains_colors_in_lines_that_fit(tmp_path):
    names = [f"class number {index}" for index in range(40)]
    colors = [(index + 1, 200 - index, 77) for index in range(40)]
    viz.contact_sheet(
        [[np.zeros((8, 8), np.uint8)]],
        ["image"],
        tmp_path / "sheet.png",
        labels=LabelMap(names, colors),
        legend=viz.ERROR_COLORS,
    )
    with Image.open(tmp_path / "sheet.png") as sheet:
        seen = {color for _, color in sheet.getcolors(1 << 24)}
    assert {*colors, *viz.ERROR_COLORS.values()} <= seen


@pytest.mark.parametrize(
    ("rows", "captions"),
    [
        ([], None),
        ([[np.zeros((8, 8), np.uint8)] * 2], None),
        ([[np.zeros((8, 8), np.uint8)]], ["one", "two"]),
        ([[np.zeros((8, 8))]], None),
    ],
)
def test_contact_sheet_refuses_what_is_no_grid_of_pictures(tmp_path, rows, captions):
    with pytest.raises(ValueError, match="Received: "):
        viz.contact_sheet(rows, ["image"], tmp_path / "sheet.png", captions=captions)
    assert list(tmp_path.iterdir()) == []


def _words(path):
    """Text that matplotlib drew: it names each one in a comment of an SVG file."""
    return [
        line.strip()[5:-4] for line in path.read_text().splitlines() if line.strip()[:4] == "<!--"
    ]


def test_plot_history_has_a_panel_for_each_figure_and_marks_the_best_epoch(tmp_path):
    viz.plot_history(HISTORY, tmp_path / "curves.svg")
    words = _words(tmp_path / "curves.svg")
    assert words.count("loss") == 1 and words.count("mean IoU") == 1
    assert {"training", "validation", "best epoch: 2"} <= set(words)
    viz.plot_history(HISTORY, tmp_path / "curves.svg", monitor="loss")
    assert "best epoch: 3" in _words(tmp_path / "curves.svg")


def test_plot_history_takes_gaps_and_values_that_are_not_numbers(tmp_path):
    history = [
        {"epoch": 0.0, "loss": 0.5, "learning_rate": 1e-3},
        {"epoch": 1.0, "loss": float("nan"), "learning_rate": 1e-3, "val_mean_iou": float("nan")},
    ]
    viz.plot_history(history, tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.format == "PNG" and min(picture.size) > 200
    history.append({"epoch": 2.0, "val_mean_iou": 0.3})
    viz.plot_history(history, tmp_path / "curves.svg")
    assert "best epoch: 2" in _words(tmp_path / "curves.svg")


@pytest.mark.parametrize("history", [[], [{"loss": 1.0}], [{"epoch": 1}]])
def test_plot_history_refuses_a_history_without_figures(tmp_path, history):
    with pytest.raises(ValueError, match="Received: "):
        viz.plot_history(history, tmp_path / "curves.png")
    assert list(tmp_path.iterdir()) == []


def test_a_legend_lists_what_the_pictures_show(tmp_path):
    from segtf.evaluation.cases import draw_case, legend_of

    class Predict:
        spec = ModelSpec(STREET, (8, 8))

        def __call__(self, image):
            return SimpleNamespace(mask=np.where(np.arange(8) < 2, 1, 0) * np.ones((8, 1), int))

    Image.fromarray(np.full((8, 8, 3), 160, np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "mask.png")
    sample = Sample("a", tmp_path / "a.png", tmp_path / "mask.png")
    classes, errors = legend_of([draw_case(sample, Predict(), STREET)], STREET)
    assert list(classes) == ["sky", "road"]
    assert list(errors) == ["hit", "wrong class"]
