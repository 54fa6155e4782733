"""segtf request."""

from pathlib import Path

import click

from segtf.cli.options import Number
from segtf.cli.start import start_tensorflow


@click.command()
@click.argument("url")
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=click.Path())
@click.option("--out", type=click.Path(), help="Folder for the masks, OUT/<image stem>.png.")
@click.option("--model", default="segtf", show_default=True, help="Name of the model there.")
@click.option(
    "--version", type=click.IntRange(0), help="Version of the model; the newest by default."
)
@click.option("--label", help="Or the label of a version, such as stable.")
@click.option(
    "--timeout",
    type=Number(0, 86400, min_open=True),
    default=10.0,
    show_default=True,
    help="Seconds for each request.",
)
@click.option(
    "--retries",
    type=click.IntRange(0, 1000),
    default=3,
    show_default=True,
    help="How often one is tried again.",
)
@click.option(
    "--batch",
    type=click.IntRange(1, 65536),
    default=16,
    show_default=True,
    help="Images in a request at most.",
)
@click.option("--header", multiple=True, help="'Name: value', for a proxy; SEGTF_SERVING_HEADERS.")
@click.option("--token", help="Bearer token; better kept in SEGTF_SERVING_TOKEN.")
@click.option(
    "--ca-file", type=click.Path(), help="Certificates to trust, PEM; SEGTF_SERVING_CA_FILE."
)
def request(
    url, images, out, model, version, label, timeout, retries, batch, header, token, ca_file
):
    """Segment images by a model behind TensorFlow Serving, http://HOST:8501 or grpc://HOST:8500.

    With TLS these are https:// and grpcs://. What is not given for --header, --token and --ca-file
    comes from the environment variables that they name.
    """
    if url.startswith("grpc"):
        start_tensorflow()
    from segtf.files import require_writable
    from segtf.mask_files import require_distinct_stems, write_mask
    from segtf.serving import Client
    from segtf.serving.access import parse_headers

    paths = [Path(image) for image in images]
    if out is not None:
        require_distinct_stems(paths)
        require_writable(out)
        Path(out).mkdir(parents=True, exist_ok=True)
    failed = 0
    headers = parse_headers(header) if header else None
    access = {"headers": headers, "token": token, "ca_file": ca_file}
    with Client(url, model, version, label, timeout, retries, batch, **access) as client:
        for path, answer in zip(paths, client.stream(paths), strict=True):
            if answer.error is not None:
                failed += 1
                click.echo(f"{path}: {answer.error}", err=True)
                continue
            shown = path if out is None else write_mask(answer.mask, Path(out), path.stem)
            shares = ", ".join(f"{name} {share:.1%}" for name, share in answer.coverage.items())
            click.echo(f"{shown}: {shares}, confidence {answer.confidence:.1%}")
    if failed:
        raise click.ClickException(f"{failed} of {len(paths)} images have no mask")
