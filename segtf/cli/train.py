"""segtf train."""

import click

from segtf.cli.options import Size, data_options, open_source
from segtf.cli.start import start_tensorflow


@click.command()
@click.argument("run", type=click.Path())
@data_options(required=True)
@click.option("--skip-broken", is_flag=True, help="Leave out samples that cannot be used.")
@click.option("--model", default="unet", show_default=True, help="See `segtf models`.")
@click.option("--size", type=Size(), default="256", show_default=True)
@click.option("--resize", default="stretch", show_default=True, help="stretch, letterbox or crop.")
@click.option("--epochs", default=40, show_default=True)
@click.option("--batch", default=8, show_default=True, help="Images per step.")
@click.option("--learning-rate", default=2e-3, show_default=True)
@click.option(
    "--augment", default="medical", show_default=True, help="none, light, medical, street."
)
@click.option("--val-share", default=0.2, show_default=True, help="Share that is held out.")
@click.option("--seed", default=0, show_default=True)
def train(run, data_name, data_dir, classes, data_settings, skip_broken, batch, **settings):
    """Train a model on labelled images and write the run folder RUN."""
    from segtf.runs import Run

    Run.require_new(run)
    # On CPUs where TensorFlow leaves oneDNN off, training is about twice as fast with it.
    start_tensorflow(onednn=True)
    from segtf.evaluation.evaluate import evaluate
    from segtf.training.config import TrainConfig
    from segtf.training.train import train as train_run

    config = TrainConfig(batch_size=batch, **settings)
    source = open_source(data_name, data_dir, classes, data_settings)
    train_run(run, source, config, skip_broken=skip_broken, on_message=click.echo)
    summary = evaluate(run).summary()
    click.echo(
        f"{summary['images']} held-out images at their own resolution: "
        f"Dice {summary['mean_dice']:.4f}, IoU {summary['mean_iou']:.4f}"
    )
    click.echo(f"{run}: best.keras, history.csv, report/")
