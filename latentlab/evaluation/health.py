"""Whether a training goes well: rules over its curves, each with a sentence that says what would help.

Pure arithmetic on records. Each rule is silent unless its figure is far from where healthy trainings were seen; those
of one kind are one finding.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from latentlab.events import Measured, Split

Kind = Literal["collapse", "over-regularised", "few-dimensions", "runaway", "overfitting", "divergence"]

SILENT = 0.01  # nats: a dimension whose mean KL is below says next to nothing (not Burda's measure of active units)
ENOUGH_STEPS = 300  # before that, latents that are yet to wake up look like collapsed ones, unless they lie still:
FIRST_STEPS = 150  # before that nothing is said of them
STILL_STEPS = 100  # for so many steps, with less than SILENT nats in all dimensions together
PATIENCE = 3  # validations in a row that a rule must hold for
LITTLE_KL = 1.0  # nats in total: less than it takes to tell three pictures apart
FEW = 1 / 8  # of the dimensions
SETTLED = 0.05  # by how much of itself the KL may still grow, and the ELBO of what it has gained since the beginning
RUNAWAY = 50.0  # nats in one dimension. log_var at its lower end, -20, is 10 nats: the rest is far outside the prior
WORSE = 0.02  # of the best negative ELBO, or of what was gained until then: what a healthy curve may rise by
AT_LEAST = 0.5  # nats, where that is less
PACE = 0.002  # of the negative ELBO, by which it still falls within PATIENCE validations while pictures get better


class Finding(NamedTuple):
    """What is not as it should be, and what helps: one sentence."""

    kind: Kind
    sentence: str


def findings(history: Sequence[Measured]) -> list[Finding]:
    """What the curves so far say, judged by the last record; nothing where all is well.

    `history` is all records since the run began, in their order. A training without held-out images is judged by its
    training records, but for overfitting, which these cannot show.
    """
    train, validation = _of(history, "train"), _of(history, "validation")
    if not train:
        return []
    beta = train[-1].beta  # a validation's is always 1
    found = [_divergence(train), _runaway(train[-1], beta)]
    if not any(found):  # where these hold, what the others say is a consequence
        records = validation if len(validation) >= PATIENCE else train[:: max(1, len(train) // 20)]
        found = [None if _falling_beta(train) else _little(records, beta), _overfitting(train, validation)]
    return [finding for finding in found if finding is not None]


def of_latents(kl_per_dim: Sequence[float], beta: float) -> Finding | None:
    """What is to be said of a trained model by its mean KL per dimension, in nats: the sentence of its training."""
    return _unused(sum(kl_per_dim), [kl_per_dim], beta)


def _little(records: Sequence[Measured], beta: float) -> Finding | None:
    """Latents that carry little or nothing, and are not about to carry more."""
    recent = records[-PATIENCE:]
    if len(recent) < PATIENCE or _growing(recent) or _learning(records):
        return None
    if recent[-1].step < ENOUGH_STEPS and not _still(records):
        return None
    return _unused(max(record.kl for record in recent), [record.kl_per_dim for record in recent], beta)


def _unused(kl: float, kls: Sequence[Sequence[float]], beta: float) -> Finding | None:
    """By how much the latents carry and why (Bowman et al. 2016; Lucas et al. 2019).

    kl: nats in all dimensions, at most; kls: those of each dimension, at each of the times that are looked at.
    """
    if beta == 0:
        return None
    count, carrying = len(kls[-1]), max(sum(nats >= SILENT for nats in each) for each in kls)
    now = sum(kls[-1])
    if carrying == 0:
        helps = f"a smaller beta (it is {beta:g}) or a longer warm-up of it helps, or free bits"
        return Finding("collapse", f"posterior collapse: no latent dimension carries anything (KL {now:.2g}); {helps}")
    if beta > 1 and kl < LITTLE_KL:
        says = f"over-regularised: beta {beta:g} leaves {now:.2g} nats in the latents, so pictures come out as averages"
        return Finding("over-regularised", f"{says}; a smaller beta helps")
    if count >= 1 / FEW and carrying <= count * FEW:
        says = f"only {carrying} of {count} latent dimensions carry more than {SILENT:g} nats"
        return Finding("few-dimensions", f"{says}; fewer would do, or free bits and a longer warm-up of beta wake more")
    return None


def _still(records: Sequence[Measured]) -> bool:
    """Nothing stirs: next to no KL for a while, and what it grew by, were it to grow so again, would change nothing.

    Latents that woke up late had 0.01 nats and more until they did, or grew eightfold within these steps (25 trainings
    of digits, with rates from 1e-5 and networks of 1 to 8 layers).
    """
    last = records[-1].step
    before = [record for record in records if record.step <= last - STILL_STEPS]
    if last < FIRST_STEPS or not before:
        return False
    recent = [before[-1], *(record for record in records if record.step > last - STILL_STEPS)]
    most, growth = max(record.kl for record in recent), recent[-1].kl / max(recent[0].kl, 1e-12)
    return most < SILENT and recent[-1].kl * growth < SILENT


def _learning(records: Sequence[Measured]) -> bool:
    """The pictures still get better at a pace: latents may wake up once their average is learnt."""
    gained = records[0].neg_elbo - records[-1].neg_elbo
    return records[-PATIENCE].neg_elbo - records[-1].neg_elbo > max(SETTLED * gained, PACE * abs(records[-1].neg_elbo))


def _falling_beta(train: Sequence[Measured]) -> bool:
    """A schedule lowers beta at present: what it holds down may yet rise."""
    return train[-1].beta < train[-PATIENCE:][0].beta


def _growing(recent: Sequence[Measured]) -> bool:
    """The KL is still on its way up: a capacity that rises, latents that wake up."""
    before, now = recent[0].kl, recent[-1].kl
    return now - before > max(SETTLED * before, SILENT)


def _runaway(last: Measured, beta: float) -> Finding | None:
    """A posterior far outside the prior, although that costs: its variance has exploded or its mean has run away."""
    nats = max(last.kl_per_dim, default=0.0)
    if min(beta, 1.0) * nats <= RUNAWAY:
        return None
    says = f"a latent dimension costs {nats:.3g} nats: its variance or its mean has run away from the prior"
    helps = f"a smaller learning rate (it is {last.learning_rate:g}) or clipped gradients help"
    return Finding("runaway", f"{says}; {helps}")


def _overfitting(train: Sequence[Measured], validation: Sequence[Measured]) -> Finding | None:
    """Held-out images get worse while those learnt from go on getting better."""
    if len(validation) <= PATIENCE:
        return None
    best = min(validation, key=lambda record: record.neg_elbo)
    margin = max(WORSE * abs(best.neg_elbo), WORSE * (validation[0].neg_elbo - best.neg_elbo), AT_LEAST)
    recent = validation[-PATIENCE:]
    then, now = _epochs_mean(train, best.epoch), _epochs_mean(train, validation[-1].epoch)
    if then is None or now is None or now > then - margin / 2 or now > recent[-1].neg_elbo:
        return None  # the last: after a setback both fall, those learnt from behind the others
    if min(record.neg_elbo for record in recent) < best.neg_elbo + margin:
        return None
    says = f"overfitting since step {best.step}: held-out images went from {best.neg_elbo:.1f} to "
    says += f"{recent[-1].neg_elbo:.1f} nats while those learnt from went from {then:.1f} to {now:.1f}"
    return Finding("overfitting", f"{says}; stop here, or use more images, augmentation, weight decay or less network")


def _divergence(train: Sequence[Measured]) -> Finding | None:
    """The objective is far above its beginning, and so are the pictures.

    The objective alone says little: that of a capacity has a thousandfold distance in it, and beta may have risen.
    """
    first, recent = train[0], train[-PATIENCE:]  # a single one may be a spike
    last, allowed = recent[-1], max(abs(first.reconstruction), 20 * AT_LEAST)
    if min(record.reconstruction for record in recent) - first.reconstruction <= allowed:
        return None
    if min(record.objective for record in recent) - first.objective <= allowed:
        return None
    says = f"diverging: the objective is at {last.objective:.4g} nats, and was {first.objective:.4g} at the beginning"
    helps = f"a smaller learning rate (it is {last.learning_rate:g}) or clipped gradients help"
    return Finding("divergence", f"{says}; {helps}")


def _of(history: Sequence[Measured], split: Split) -> list[Measured]:
    return [record for record in history if record.split == split]


def _epochs_mean(train: Sequence[Measured], epoch: int) -> float | None:
    """The negative ELBO of the images learnt from, over the records of this epoch."""
    values = [record.neg_elbo for record in train if record.epoch == epoch]
    return sum(values) / len(values) if values else None
