"""`python workers/joeynmt_training.py SETTINGS`: a whole training, as `python -m joeynmt train SETTINGS` makes it.

JoeyNMT 2.3 passes PyTorch's plateau schedule an argument that PyTorch 2.13 no longer has; it is left out here.
"""

import sys

from torch.optim import lr_scheduler

_AsItIs = lr_scheduler.ReduceLROnPlateau


class _WithoutVerbose(_AsItIs):
    def __init__(self, optimizer, verbose=False, **settings):
        super().__init__(optimizer, **settings)


lr_scheduler.ReduceLROnPlateau = _WithoutVerbose

from joeynmt.__main__ import main  # noqa: E402 (what it takes from PyTorch is replaced first)

if __name__ == "__main__":
    sys.argv[1:] = ["train", *sys.argv[1:], "--skip-test"]
    main()
