"""segtf request."""

import click

from segtf.cli.images import find_images, write_answers
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
@click.pass_context
def request(
    context,
    url,
    images,
    out,
    model,
    version,
    label,
    timeout,
    retries,
    batch,
    header,
    token,
    ca_file,
):
    """Segment images by a model behind TensorFlow Serving, http://HOST:8501 or grpc://HOST:8500.

    With TLS these are https:// and grpcs://. What is not given for --header, --token and --ca-file
    comes from the environment variables that they name. An IMAGE is a file, a folder of pictures,
    or a pattern in quotes; what has no mask is named, and the others go on.
    """
    if url.startswith("grpc"):
        start_tensorflow()
    from segtf.files import require_writable
    from segtf.mask_files import plan_masks
    from segtf.serving import Client
    from segtf.serving.access import parse_headers

    if out is not None:
        require_writable(out)
    headers = parse_headers(header) if header else None
    access = {"headers": headers, "token": token, "ca_file": ca_file}
    with Client(url, model, version, label, timeout, retries, batch, **access) as client:
        paths = find_images(images, out)
        planned = None if out is None else plan_masks(paths, out)
        write_answers(context, _answers(client, paths), len(paths), planned)


def _answers(client, paths):
    for path, answer in zip(paths, client.stream(paths), strict=True):
        if answer.error is not None:
            yield path, answer.error, None, None
            continue
        shares = ", ".join(f"{name} {share:.1%}" for name, share in answer.coverage.items())
        mask = answer.mask if answer.mask.ndim == 2 else answer.masks
        yield path, None, mask, f"{shares}, confidence {answer.confidence:.1%}"
