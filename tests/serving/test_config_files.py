"""The files of export/serving, read by the server's own definitions where these are packaged."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,
)
from tensorflow_serving.config import model_server_config_pb2

from segtf.cli import cli

FOLDER = Path(__file__).parents[2] / "export" / "serving"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))["services"]
TYPES = descriptor_pb2.FieldDescriptorProto

# Of session_bundle_config.proto and monitoring_config.proto, which no package holds.
BATCHING = {
    "max_batch_size": "Int64Value",
    "batch_timeout_micros": "Int64Value",
    "max_enqueued_batches": "Int64Value",
    "num_batch_threads": "Int64Value",
    "max_execution_batch_size": "Int64Value",
    "enable_large_batch_splitting": "BoolValue",
}


def read(name, message):
    return text_format.Parse((FOLDER / name).read_text(encoding="utf-8"), message)


def define(**messages):
    """Message classes by name; each a dict of field name to type."""
    file = descriptor_pb2.FileDescriptorProto(
        name="config.proto", package="config", dependency=["google/protobuf/wrappers.proto"]
    )
    for message, fields in messages.items():
        described = file.message_type.add(name=message)
        for number, (name, type_) in enumerate(fields.items(), start=1):
            field = described.field.add(name=name, number=number, label=TYPES.LABEL_OPTIONAL)
            if isinstance(type_, int):
                field.type = type_
            else:
                field.type, field.type_name = TYPES.TYPE_MESSAGE, type_
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"config.{name}"))
        for name in messages
    }


def test_models():
    config = read("models.config", model_server_config_pb2.ModelServerConfig())
    (model,) = config.model_config_list.config
    assert (model.name, model.model_platform) == ("segtf", "tensorflow")
    served = list(model.model_version_policy.specific.versions)
    assert set(model.version_labels.values()) <= set(served)
    mounts = [volume.rsplit(":", 2)[1] for volume in COMPOSE["serving"]["volumes"]]
    assert model.base_path in mounts


def test_batching():
    wrappers = {name: f".google.protobuf.{type_}" for name, type_ in BATCHING.items()}
    parameters = read("batching.config", define(Parameters=wrappers)["Parameters"]())
    assert parameters.max_execution_batch_size.value <= parameters.max_batch_size.value
    assert parameters.max_batch_size.value >= 1000
    assert parameters.num_batch_threads.value >= 1


def test_monitoring():
    classes = define(
        Prometheus={"enable": TYPES.TYPE_BOOL, "path": TYPES.TYPE_STRING},
        Monitoring={"prometheus_config": ".config.Prometheus"},
    )
    config = read("monitoring.config", classes["Monitoring"]())
    assert config.prometheus_config.enable
    assert config.prometheus_config.path == "/monitoring/prometheus/metrics"


def test_compose():
    service = COMPOSE["serving"]
    for flag in service["command"]:
        name, value = re.fullmatch(r"--(\w+)=(\S+)", flag).groups()
        if name.endswith("_file"):
            assert (FOLDER / Path(value).relative_to("/config")).is_file()
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def health_check(port):
    command, *arguments, script = COMPOSE["serving"]["healthcheck"]["test"]
    assert command == "CMD"
    done = subprocess.run([*arguments, script.replace("8501", str(port))], timeout=20, check=False)
    return done.returncode


def test_the_health_check(server, models, monkeypatch):
    assert health_check(server.rest_port) == 0
    monkeypatch.setattr(models, "states", {1: "LOADING"})
    assert health_check(server.rest_port) != 0
    monkeypatch.setattr(models, "states", {})
    assert health_check(server.rest_port) != 0


def commands():
    blocks = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("segtf ")]


@pytest.mark.parametrize("line", commands())
def test_the_readme_has_commands_that_exist(line):
    name, *arguments = shlex.split(line)[1:]
    cli.commands[name].make_context(name, arguments)


def test_the_python_of_the_readme_runs(server, tmp_path, monkeypatch, capsys):
    from serving_examples import encode, picture

    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(encode(picture(30, 50), "JPEG"))
    (tmp_path / "images" / "b.png").write_bytes(b"no image")
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert "http://127.0.0.1:8501" in block
    exec(compile(block.replace("http://127.0.0.1:8501", server.urls["rest"]), "README.md", "exec"))
    good, bad = capsys.readouterr().out.splitlines()
    assert good.startswith("(30, 50) {'skin': ")
    assert bad.startswith("Expected an image")
