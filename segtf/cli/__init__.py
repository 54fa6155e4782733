"""The `segtf` command: parses, calls, prints. Each subcommand imports what it needs itself."""

import contextlib
import io
import os
import signal
import sys

import click

import segtf
from segtf.cli.benchmark import benchmark
from segtf.cli.compare import compare
from segtf.cli.data import data
from segtf.cli.doctor import doctor
from segtf.cli.errors import explain, report_fault
from segtf.cli.evaluate import evaluate
from segtf.cli.export import export
from segtf.cli.models import models
from segtf.cli.predict import predict
from segtf.cli.recipes import recipes
from segtf.cli.request import request
from segtf.cli.say import say
from segtf.cli.signals import ending_on_signals
from segtf.cli.train import train

MISTAKE = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(segtf.__version__)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug):
    """Image segmentation: train, measure, predict, export, serve."""


for command in (
    train,
    evaluate,
    compare,
    predict,
    export,
    benchmark,
    request,
    models,
    recipes,
    data,
    doctor,
):
    cli.add_command(command)


def main(arguments=None):
    """Run the command line and exit.

    A mistake is one line on standard error and exit status 2, and so is a fault of segtf, whose
    traceback goes into a file. An interrupted command ends with 128 and the number of the signal.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    _escape_what_cannot_be_written()
    if "--debug" in arguments:
        arguments = ["--debug", *(value for value in arguments if value != "--debug")]
    with ending_on_signals():
        sys.exit(_run(arguments))


def _run(arguments):
    """Run a command; returns its exit status."""
    try:
        status = cli.main(arguments, prog_name="segtf", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _close_output()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return MISTAKE
    except click.UsageError as error:
        return _say(f"{error.format_message()}{_where_options_are(error)}", MISTAKE)
    except click.ClickException as error:
        return _say(error.format_message(), MISTAKE)
    except (click.exceptions.Abort, KeyboardInterrupt) as error:
        cause = error.__cause__ or error
        if isinstance(cause, EOFError):  # click takes it for a Ctrl-D
            return _say(explain(cause), MISTAKE)
        return _say("interrupted", 128 + getattr(cause, "number", signal.SIGINT))
    except Exception as error:
        if "--debug" in arguments:
            raise
        return _say(explain(error) or report_fault(error), MISTAKE)
    return status if isinstance(status, int) else 0


def _where_options_are(error):
    """The next command to type after a mistake in one."""
    return f" (`{error.ctx.command_path} --help` lists what there is)" if error.ctx else ""


def _escape_what_cannot_be_written():
    """Names of files that are no UTF-8 are shown escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _say(text, status):
    with contextlib.suppress(OSError):  # the terminal may be gone
        say(f"segtf: {text}", err=True)
    return status


def _close_output():
    """End quietly where the reader of a pipe, such as ``head``, has seen enough."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1  # as click does
