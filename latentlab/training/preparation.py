"""From a configuration and its data to a training: made new, or put where the newest sound checkpoint stood."""

from pathlib import Path

from latentlab.config import RunConfig
from latentlab.images import Dataset, held_out, limited, split_sizes
from latentlab.models import build
from latentlab.models.schedules import unfinished
from latentlab.runs.folder import RunFolder
from latentlab.training.batches import ImageReader, least_batch
from latentlab.training.devices import choose_device
from latentlab.training.distributed import ALONE, Ranks
from latentlab.training.fine_tuning import begin_with, beginning
from latentlab.training.learner import Learner
from latentlab.training.meter import Meter
from latentlab.training.progress import Progress
from latentlab.training.training import Training


def check(config: RunConfig, dataset: Dataset, ranks: Ranks = ALONE, root: Path | None = None) -> None:
    """Raises ValueError for what would stop this training before its first step.

    root: of a new run, the folder it is to lie in; the weights that it begins with are looked for there.
    """
    choose_device(config.training.device)
    if not len(dataset.train):
        raise ValueError(f"{dataset.name} has no images to train on")
    if config.model.kind == "cvae" and not dataset.num_classes:
        raise ValueError(f"a CVAE needs labels and {dataset.name} has none; choose the model vae or beta-vae")
    train, _ = split_sizes(len(dataset.train), config.data.limit, config.data.val_fraction)
    smallest = min(train, config.training.batch_size)
    if config.model.norm == "batch" and smallest < least_batch(config, ranks):
        raise ValueError("batch normalisation cannot learn from one image at a time: take larger batches, or norm none")
    if not ranks.alone:
        _check_shared(config)
    if smallest < ranks.world:
        raise ValueError(f"a batch of {smallest} images is too small for {ranks.world} processes: start fewer of them")
    build.check(config.model, dataset.shape, dataset.num_classes)
    if config.training.start_from is not None and root is not None:
        beginning(config.training.start_from, root, config, dataset)


def _check_shared(config: RunConfig) -> None:
    """Raises ValueError for what is made of a whole batch's mean, of which each process would see a part."""
    objective = config.objective
    alone = "it looks at the mean of a whole batch, and each process sees a part: train it with one"
    if config.model.sigma == "optimal":
        raise ValueError(f"sigma optimal is not for several processes: {alone}")
    if objective.kind == "capacity":
        raise ValueError(f"the objective capacity is not for several processes: {alone}")
    if objective.free_bits and objective.free_bits_per == "dimension":
        raise ValueError(f"free bits per dimension are not for several processes: {alone}, or take them per sample")


def prepare(config: RunConfig, dataset: Dataset, run: RunFolder, ranks: Ranks = ALONE) -> Training:
    """The run's training at its beginning or, where it has checkpoints, at the newest sound one.

    Of `ranks` that train together the first keeps the run folder. Raises ValueError with one sentence, and OSError.
    """
    check(config, dataset, ranks)
    settings = config.training
    device = choose_device(settings.device)
    images = limited(dataset.train, config.data.limit, settings.seed)
    train_positions, validation_positions = held_out(images, config.data.val_fraction, settings.seed)
    learner = Learner(config, dataset, device, ranks)
    training = Training(
        config=config,
        dataset=dataset,
        run=run,
        learner=learner,
        reader=ImageReader(images, device, labelled=learner.conditional, ranks=ranks, least=least_batch(config, ranks)),
        train_positions=train_positions,
        validation_positions=validation_positions,
        meter=Meter(config.model.latent_dim, device),
        progress=Progress(config.objective.beta, settings.learning_rate),
        ranks=ranks,
    )
    if not training.resumed():
        training.progress.planned_steps = training.total_steps
        if settings.start_from is not None:
            training.note(started_from=begin_with(settings.start_from, run, learner, config, dataset))
    training.forget_what_follows()
    training.note(config=config, precision=learner.precision)  # its epochs may be more than before
    training.keep_copy()
    if training.progress.step < training.total_steps:
        training.warnings += unfinished(config, training.total_steps)
    return training
