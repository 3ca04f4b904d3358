"""One of several processes that train together, started as torchrun does: python one_of_several.py RUN EPOCHS ...

Trains each run folder up to so many epochs in all, and prints the last event of each as JSON.
"""

import json
import sys
from contextlib import nullcontext
from pathlib import Path

import torch

from latentlab.config import DataConfig, RunConfig, merge
from latentlab.data.sources import load
from latentlab.runs.folder import open_run
from latentlab.training.distributed import joined
from latentlab.training.loop import train


def main() -> None:
    torch.set_num_threads(1)
    dataset = load(DataConfig(), data_dir=Path("unused"))
    words = sys.argv[1:]
    with joined() as ranks:
        for path, epochs in zip(words[::2], words[1::2], strict=True):
            run = open_run(ranks.tell(path))
            config = RunConfig.parse(merge(run.record.config.to_dict(), {"training": {"epochs": int(epochs)}}))
            ranks.wait()
            with run.lock() if ranks.writes else nullcontext():
                *_, last = train(config, dataset, run, ranks=ranks)
            ranks.wait()
            print(json.dumps(last.to_dict()))


if __name__ == "__main__":
    main()
