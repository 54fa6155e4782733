"""The files of export/serving, read by the server's own definitions where these are packaged."""

import re
import shlex
import socket
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
MANIFEST = {
    one["kind"]: one
    for one in yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text(encoding="utf-8"))
}
PINNED = r"tensorflow/serving:\d+\.\d+\.\d+"
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
    assert re.fullmatch(rf"\$\{{TF_SERVING_IMAGE:-{PINNED}\}}", service["image"])
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
    assert service["healthcheck"]["test"] == ["CMD", "bash", "/config/ready.sh"]


def test_kubernetes():
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
    (config,) = kustomization["configMapGenerator"]
    assert all(
        (FOLDER / name).is_file() for name in (*kustomization["resources"], *config["files"])
    )
    pod = MANIFEST["Deployment"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    compose = COMPOSE["serving"]
    assert re.fullmatch(PINNED, container["image"]) and container["image"] in compose["image"]
    assert {flag.split("=")[0] for flag in compose["command"]} - {
        flag.split("=")[0] for flag in container["args"]
    } == {"--model_config_file_poll_wait_seconds"}  # a change makes new pods instead
    files = [flag.split("=/config/")[1] for flag in container["args"] if "=/config/" in flag]
    files.append(container["readinessProbe"]["exec"]["command"][-1].removeprefix("/config/"))
    assert set(files) == set(config["files"])
    assert container["livenessProbe"]["tcpSocket"] == container["startupProbe"]["tcpSocket"]
    assert {"requests", "limits"} == container["resources"].keys()
    volumes = {one["name"]: one for one in pod["spec"]["volumes"]}
    mounts = {one["mountPath"]: volumes[one["name"]] for one in container["volumeMounts"]}
    claim = mounts["/models/segtf"]["persistentVolumeClaim"]["claimName"]
    assert claim == MANIFEST["PersistentVolumeClaim"]["metadata"]["name"]
    assert mounts["/config"]["configMap"]["name"] == config["name"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    for port in MANIFEST["Service"]["spec"]["ports"]:
        assert ports[port["targetPort"]] == port["port"]
    wanted = MANIFEST["Service"]["spec"]["selector"].items()
    assert wanted <= pod["metadata"]["labels"].items()


def is_ready(port, config="models.config"):
    command = ["bash", FOLDER / "ready.sh", FOLDER / config, str(port)]
    return subprocess.run(command, timeout=20, check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("states", "of_one", "of_two", "of_newest"),
    [
        ({1: "AVAILABLE"}, True, False, True),
        ({1: "AVAILABLE", 2: "LOADING"}, True, False, True),
        ({1: "AVAILABLE", 2: "AVAILABLE"}, True, True, True),
        ({1: "LOADING"}, False, False, False),
        ({2: "AVAILABLE"}, False, False, True),
        ({}, False, False, False),
    ],
)
def test_readiness(server, models, monkeypatch, tmp_path, states, of_one, of_two, of_newest):
    config = (FOLDER / "models.config").read_text(encoding="utf-8")
    two, newest = tmp_path / "two.config", tmp_path / "newest.config"
    two.write_text(config.replace("versions: 1", "versions: 1\n versions: 2  # both"))
    newest.write_text(re.sub(r"specific \{[^}]*\}", "latest { num_versions: 1 }", config))
    monkeypatch.setattr(models, "states", states)
    assert is_ready(server.rest_port) == of_one
    assert is_ready(server.rest_port, two) == of_two
    assert is_ready(server.rest_port, newest) == of_newest


def test_nobody_there_is_not_ready():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert not is_ready(free.getsockname()[1])


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
