"""The same autoencoder written with PyTorch's `nn.LSTM`, trained in batches or one window at a time."""

import sys
import time
from pathlib import Path

import numpy as np

from workers.protocol import NOT_INSTALLED, serve

try:
    import torch
except ModuleNotFoundError:
    sys.exit(NOT_INSTALLED)
from torch import nn
from torch.nn import functional as F  # noqa: N812


class Autoencoder(nn.Module):
    """LSTM encoder; its last output, repeated, is read by an LSTM decoder that writes the window from its end."""

    def __init__(self, features, units):
        super().__init__()
        self.encoder = nn.LSTM(features, units, batch_first=True)
        self.decoder = nn.LSTM(units, units, batch_first=True)
        self.output = nn.Linear(units, features)

    def forward(self, x):
        _, (h, _) = self.encoder(x)
        outputs, _ = self.decoder(h[-1][:, None].expand(-1, x.shape[1], -1))
        return self.output(outputs).flip(1)

    @torch.no_grad()
    def load(self, path):
        """Take the shared weights, in the order of the Keras model: encoder, decoder, output layer."""
        with np.load(path) as saved:
            weights = [torch.from_numpy(saved[name]) for name in saved.files]
        for layer, (kernel, recurrent_kernel, bias) in ((self.encoder, weights[:3]), (self.decoder, weights[3:6])):
            layer.weight_ih_l0.copy_(kernel.T)
            layer.weight_hh_l0.copy_(recurrent_kernel.T)
            layer.bias_ih_l0.copy_(bias)
            layer.bias_hh_l0.zero_()  # PyTorch has two biases where one will do
        self.output.weight.copy_(weights[6].T)
        self.output.bias.copy_(weights[7])


def start(spec):
    """Get ready to train on windows in random order each turn; all of them, or `most_windows` of the spec."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(spec["threads"])
    torch.backends.cudnn.allow_tf32 = False  # float32 is true float32 in ours too, and in products by default
    folder, look_back, batch_size = Path(spec["folder"]), spec["look_back"], spec["batch_size"]
    with np.load(folder / "series.npz") as saved:
        series = torch.from_numpy(saved["values"])
    windows = series.unfold(0, look_back, 1).transpose(1, 2)  # a view: (windows, look_back, features)
    model = Autoencoder(spec["autoencoder"]["features"], spec["autoencoder"]["units"])
    model.load(folder / "autoencoder.npz")
    model.to(device)
    settings = spec["training"]
    optimizer = torch.optim.Adam(model.parameters(), settings["learning_rate"], betas=(0.9, 0.98), eps=1e-8, fused=True)
    count = min(spec.get("most_windows", len(windows)), len(windows))

    def turn(_):
        order = torch.randperm(len(windows))[:count]
        began = time.perf_counter()
        for first in range(0, count, batch_size):
            batch = windows[order[first : first + batch_size]].to(device)
            optimizer.zero_grad()
            loss = F.mse_loss(model(batch), batch)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), settings["clip_norm"])
            optimizer.step()
        loss.item()  # waits for a GPU
        return count, time.perf_counter() - began

    with torch.no_grad():
        first = windows[: spec["loss_windows"]].to(device)
        loss = F.mse_loss(model(first), first).item()
    turn(-1)
    about = f"PyTorch {torch.__version__} on {device}, batches of {batch_size}"
    return {"about": about, "loss": loss, "rounding": 1e-5 if device == "cpu" else 1e-2}, turn


if __name__ == "__main__":
    serve(start)
