"""Whether a condition is obeyed: a small classifier of real pictures says what the drawn ones show."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from latentlab.evaluation.evaluate import evaluation_mode
from latentlab.images import Images, held_out
from latentlab.models.build import to_float, to_pixels
from latentlab.models.latent_model import LatentModel

BATCH = 128
LEAST_STEPS, LEAST_EPOCHS = 600, 2  # of training: small data are seen more often
LEARNING_RATE = 4e-3  # the peak of one cycle (Smith and Topin 2018)
HELD_OUT = 0.1  # of the real pictures, where no test part is given
JUDGED_AT_ONCE = 500

Progress = Callable[[int, int], None]  # steps of the classifier's training done, and in all


class Classifier(nn.Module):
    """Two convolutions and a hidden layer, each with batch norm: enough for digits and garments."""

    def __init__(self, image_shape: tuple[int, int, int], num_classes: int) -> None:
        super().__init__()
        channels, height, width = image_shape
        self.layers = nn.Sequential(
            *(nn.Conv2d(channels, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()),
            nn.MaxPool2d(2),  # (B, 16, H/2, W/2)
            *(nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU()),
            nn.MaxPool2d(2),  # (B, 32, H/4, W/4)
            nn.Flatten(),
            *(nn.Linear(32 * (height // 4) * (width // 4), 128, bias=False), nn.BatchNorm1d(128), nn.ReLU()),
            nn.Linear(128, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.layers(x)  # (B, K)
        return logits


def condition_accuracy(
    model: LatentModel,
    train: Images,
    seed: int,
    per_label: int = 1000,
    *,
    test: Images | None = None,
    device: str | torch.device = "cpu",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Of `per_label` pictures drawn for each label, the share that a classifier of real ones gives that label.

    Returns `condition_accuracy` (share over all), `condition_accuracy_per_class` (name -> share), `per_label`, and
    `classifier_accuracy`, the classifier's own share of right answers on `n` real pictures that it never saw: of
    `test`, or of a tenth held out of `train`. Raises ValueError with one sentence.
    """
    _check(model, train)
    if test is None:
        kept, held = held_out(train, HELD_OUT, seed)
        train, test = train.take(kept), train.take(held)
    classifier = train_classifier(train, seed, device, progress)
    real = _accuracy(classifier, test, device)
    generator = torch.Generator(device).manual_seed(seed)
    shares = {}
    with torch.no_grad(), evaluation_mode(model):
        for label, name in enumerate(train.class_names):
            shares[name] = _obeyed(model, classifier, label, per_label, generator)
    return {
        "condition_accuracy": sum(shares.values()) / len(shares),
        "condition_accuracy_per_class": shares,
        "per_label": per_label,
        "classifier_accuracy": real,
        "n": len(test),
    }


def train_classifier(
    images: Images, seed: int, device: str | torch.device = "cpu", progress: Progress | None = None
) -> Classifier:
    """A classifier of labelled pictures, in evaluation mode; all chance comes from the seed."""
    assert images.labels is not None
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        classifier = Classifier(images.shape, images.num_classes).to(device)
    optimizer = torch.optim.AdamW(classifier.parameters(), LEARNING_RATE, weight_decay=1e-2)
    steps = max(LEAST_STEPS, LEAST_EPOCHS * (len(images) // BATCH))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    order = _order(len(images), steps, seed)
    for step in range(steps):
        some = images.take(order[step * BATCH : (step + 1) * BATCH])
        loss = F.cross_entropy(classifier(_pixels(some, device)), torch.as_tensor(some.labels, device=device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        if progress is not None and (step % 20 == 19 or step + 1 == steps):
            progress(step + 1, steps)
    return classifier.eval()


def _order(count: int, steps: int, seed: int) -> np.ndarray:
    """Positions for all steps: one shuffle after another."""
    draw = np.random.default_rng(seed)
    shuffles = -(-steps * BATCH // count)
    return np.concatenate([draw.permutation(count) for _ in range(shuffles)]).astype(np.int64)


@torch.no_grad()
def _accuracy(classifier: Classifier, images: Images, device: str | torch.device) -> float:
    right = 0
    for batch in images.batches(JUDGED_AT_ONCE):
        answers = classifier(_pixels(batch, device)).argmax(1).cpu()
        right += int((answers == torch.as_tensor(batch.labels)).sum())
    return right / len(images)


def _obeyed(model: LatentModel, classifier: Classifier, label: int, count: int, generator: torch.Generator) -> float:
    right = 0
    for start in range(0, count, JUDGED_AT_ONCE):
        n = min(JUDGED_AT_ONCE, count - start)
        labels = torch.full((n,), label, dtype=torch.int64, device=generator.device)
        drawn = to_pixels(model.decode(model.sample(n, labels, generator), labels))  # (n, C, H, W), as it is shown
        right += int((classifier(to_float(drawn)).argmax(1) == label).sum())
    return right / count


def _pixels(images: Images, device: str | torch.device) -> Tensor:
    return to_float(torch.as_tensor(images.pixels, device=device))


def _check(model: LatentModel, train: Images) -> None:
    if not model.num_classes:
        raise ValueError("this model has no condition; train a cvae to measure how well it obeys one")
    if train.num_classes != model.num_classes:
        raise ValueError(f"the model knows {model.num_classes} classes, and these pictures have {train.num_classes}")
    model.check(train)
