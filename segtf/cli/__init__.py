"""The `segtf` command: parses, calls, prints. Each subcommand imports what it needs itself."""

import io
import sys

import click

import segtf
from segtf.cli.benchmark import benchmark
from segtf.cli.compare import compare
from segtf.cli.data import data
from segtf.cli.evaluate import evaluate
from segtf.cli.export import export
from segtf.cli.models import models
from segtf.cli.predict import predict
from segtf.cli.request import request
from segtf.cli.train import train


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(segtf.__version__)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug):
    """Image segmentation: train, measure, predict, export, serve."""


for command in (train, evaluate, compare, predict, export, benchmark, request, models, data):
    cli.add_command(command)


def main(arguments=None):
    """Run the command line; a user's mistake is one line on standard error and exit status 2."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    _escape_what_cannot_be_written()
    if "--debug" in arguments:
        arguments = ["--debug", *(value for value in arguments if value != "--debug")]
    try:
        status = cli.main(arguments, prog_name="segtf", standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"segtf: {error.format_message()}", err=True)
        sys.exit(2)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("segtf: interrupted", err=True)
        sys.exit(130)
    except (ValueError, OSError) as error:
        if "--debug" in arguments:
            raise
        click.echo(f"segtf: {' '.join(str(error).split())}", err=True)
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)


def _escape_what_cannot_be_written():
    """Names of files that are no UTF-8 are shown escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
