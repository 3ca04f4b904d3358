"""One of several processes that train together, started as torchrun does: python one_of_several.py RUN EPOCHS ...

Trains each run folder up to so many epochs in all, and prints the last event of each as JSON. After a number of epochs
"stop" may follow, as in 3stop: then the second process is asked to stop at its first record.
"""

import json
import sys
from contextlib import nullcontext
from pathlib import Path

import torch

from latentlab.config import DataConfig, RunConfig, merge
from latentlab.data.sources import load
from latentlab.events import Measured
from latentlab.runs.folder import open_run
from latentlab.training.control import Control
from latentlab.training.distributed import joined
from latentlab.training.loop import train


def main() -> None:
    torch.set_num_threads(1)
    dataset = load(DataConfig(), data_dir=Path("unused"))
    words = sys.argv[1:]
    with joined() as ranks:
        for path, epochs in zip(words[::2], words[1::2], strict=True):
            run = open_run(ranks.tell(path))
            config = RunConfig.parse(
                merge(run.record.config.to_dict(), {"training": {"epochs": int(epochs.removesuffix("stop"))}})
            )
            ranks.wait()
            with run.lock() if ranks.writes else nullcontext():
                control = Control()
                for event in train(config, dataset, run, control, ranks):
                    last = event
                    if isinstance(event, Measured) and epochs.endswith("stop") and ranks.rank == 1:
                        control.stop()
            ranks.wait()
            print(json.dumps(last.to_dict()))


if __name__ == "__main__":
    main()
