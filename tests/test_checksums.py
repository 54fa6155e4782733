"""What `segtf export verify` finds; the folders look like those that an export writes."""

import shutil
import subprocess

import pytest

from segtf.checksums import companion, verify_export, write_checksums, write_folder_checksums
from segtf.cli import main


@pytest.fixture
def version(tmp_path):
    folder = tmp_path / "served" / "1"
    (folder / "assets.extra").mkdir(parents=True)
    (folder / "variables").mkdir()
    for name in ("saved_model.pb", "variables/variables.index", "assets.extra/segtf.json"):
        (folder / name).write_text(name)
    write_folder_checksums(folder)
    (folder.parent / "1.parity.png").write_bytes(b"a picture")
    return folder


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "mobile"
    folder.mkdir()
    (folder / "labels.txt").write_text("skin\nlesion\n")
    for name in ("model.tflite", "model-int8.tflite"):
        spec = companion(folder / name, ".spec.json")
        for path in (folder / name, spec):
            path.write_text(path.name)
        (folder / f"{name}.parity.png").write_bytes(b"a picture")
        written = [folder / name, spec, folder / "labels.txt"]
        write_checksums(companion(folder / name, ".sha256"), folder, written)
    return folder


def test_all_is_as_it_was_written(version, files):
    assert verify_export(version) == verify_export(version.parent) == (3, [])
    assert verify_export(files) == (5, [])
    assert verify_export(files / "model-int8.tflite") == (3, [])
    shutil.copytree(version, files / "1")
    assert verify_export(files) == (8, [])


def test_what_is_missing_changed_or_extra_is_named(version, files):
    (version / "saved_model.pb").write_text("another")
    (version / "variables" / "variables.index").unlink()
    (version / "assets.extra" / "notes.txt").write_text("")
    found = {"changed: saved_model.pb", "missing: variables/variables.index"}
    found.add("extra: assets.extra/notes.txt")
    assert set(verify_export(version)[1]) == found
    assert set(verify_export(version.parent)[1]) == {line.replace(": ", ": 1/") for line in found}
    (version.parent / "2").mkdir()
    assert "missing: 2/assets.extra/SHA256SUMS" in verify_export(version.parent)[1]
    (files / "labels.txt").write_text("lesion\nskin\n")
    (files / "model-int8.spec.json").unlink()
    (files / "other.tflite").write_text("")
    assert verify_export(files)[1] == [
        "changed: labels.txt",
        "missing: model-int8.spec.json",
        "extra: other.tflite",
    ]
    assert verify_export(files / "model.tflite")[1] == ["changed: labels.txt"]


def test_the_command(version, capsys):
    def verify(path):
        with pytest.raises(SystemExit) as done:
            main(["export", "verify", str(path)])
        return done.value.code, capsys.readouterr()

    status, printed = verify(version.parent)
    assert (status, printed.out) == (0, f"{version.parent}: 3 files are as they were written\n")
    (version / "saved_model.pb").write_text("another")
    status, printed = verify(version)
    assert (status, printed.out, printed.err) == (1, "changed: saved_model.pb\n", "")
    status, printed = verify(version / "variables")
    assert status == 2
    assert "Expected an export with checksums" in printed.err


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not there")
def test_the_tool_of_the_system_checks_them_too(version):
    command = ["sha256sum", "--check", "--strict", "assets.extra/SHA256SUMS"]
    assert subprocess.run(command, cwd=version, check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("line", ["nothing", f"{64 * '0'}  ../secret", f"{64 * '0'}  /etc/passwd"])
def test_damaged_checksums_are_refused(version, line):
    (version / "assets.extra" / "SHA256SUMS").write_text(f"{line}\n")
    with pytest.raises(ValueError, match="Expected a SHA-256 and the name of a file"):
        verify_export(version)


def test_what_has_no_checksums_is_refused(tmp_path, files):
    (files / "model-int8.sha256").write_text((files / "model.sha256").read_text())
    for path in (tmp_path, tmp_path / "none", files / "labels.txt", files / "model-int8.tflite"):
        with pytest.raises(ValueError, match="Received: "):
            verify_export(path)
