"""The same model and training written with PyTorch's `nn.LSTM`."""

import sys
import time
from pathlib import Path

import numpy as np

from workers.protocol import NOT_INSTALLED, PAD, batches_of_turn, load_batches, serve, target_tokens

try:
    import torch
except ModuleNotFoundError:
    sys.exit(NOT_INSTALLED)
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class EncoderDecoder(nn.Module):
    """Bidirectional LSTM encoder, LSTM decoder with dot attention after it, output tied to the target embedding."""

    def __init__(
        self, source_vocabulary_size, target_vocabulary_size, embedding_dim, units, embedding_dropout, output_dropout
    ):
        super().__init__()
        self.source_embedding = nn.Embedding(source_vocabulary_size, embedding_dim)
        self.target_embedding = nn.Embedding(target_vocabulary_size, embedding_dim)
        self.encoder = nn.LSTM(embedding_dim, units // 2, batch_first=True, bidirectional=True)
        self.bridge_h, self.bridge_c = nn.Linear(units, units), nn.Linear(units, units)
        self.decoder = nn.LSTM(embedding_dim, units, batch_first=True)
        self.key = nn.Linear(units, units, bias=False)
        self.readout = nn.Linear(2 * units, embedding_dim)
        self.output_bias = nn.Parameter(torch.zeros(target_vocabulary_size))
        self.embedding_dropout, self.output_dropout = nn.Dropout(embedding_dropout), nn.Dropout(output_dropout)

    def forward(self, source, target_input, real, packed):
        """Logits `(tokens, vocabulary)` of the `real` target positions, bool `(batch, steps)`."""
        mask = source != PAD
        memory, h, c = self.encode(source, mask, packed)
        embedded = self.embedding_dropout(self.target_embedding(target_input))
        outputs, _ = self.decoder(embedded, (torch.tanh(self.bridge_h(h))[None], torch.tanh(self.bridge_c(c))[None]))
        scores = torch.bmm(outputs, self.key(memory).transpose(1, 2)).masked_fill(~mask[:, None], -1e9)
        context = torch.bmm(torch.softmax(scores, dim=-1), memory)
        features = self.output_dropout(torch.tanh(self.readout(torch.cat((outputs, context), dim=-1))))
        return F.linear(features[real], self.target_embedding.weight, self.output_bias)

    def encode(self, source, mask, packed):
        """Outputs `(batch, steps, units)`, 0 at padding if packed, and the final states `(batch, units)`."""
        inputs = self.embedding_dropout(self.source_embedding(source))
        if packed:
            inputs = pack_padded_sequence(inputs, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False)
        memory, states = self.encoder(inputs)
        if packed:
            memory, _ = pad_packed_sequence(memory, batch_first=True, total_length=source.shape[1])
        h, c = (torch.cat((state[0], state[1]), dim=-1) for state in states)
        return memory, h, c

    @torch.no_grad()
    def load(self, path):
        """Take the shared weights, which are stored by their paths in the Keras model."""
        with np.load(path) as saved:
            weights = {name.partition("/")[2]: torch.from_numpy(saved[name]) for name in saved.files}
        # Keras numbers the two layers of the bridge as it likes; that of h comes before that of c.
        bridge_h, bridge_c = dict.fromkeys(name.rpartition("/")[0] for name in weights if "/bridge/" in name)
        for layer, name in (
            (self.bridge_h, bridge_h),
            (self.bridge_c, bridge_c),
            (self.key, "decoder/attention/key"),
            (self.readout, "decoder/readout"),
        ):
            layer.weight.copy_(weights.pop(f"{name}/kernel").T)
            if layer.bias is not None:
                layer.bias.copy_(weights.pop(f"{name}/bias"))
        for layer, suffix, name in (
            (self.encoder, "l0", "encoder/stack/layer0/forward_lstm"),
            (self.encoder, "l0_reverse", "encoder/stack/layer0/backward_lstm"),
            (self.decoder, "l0", "decoder/stack/layer0"),
        ):
            getattr(layer, f"weight_ih_{suffix}").copy_(weights.pop(f"{name}/lstm_cell/kernel").T)
            getattr(layer, f"weight_hh_{suffix}").copy_(weights.pop(f"{name}/lstm_cell/recurrent_kernel").T)
            getattr(layer, f"bias_ih_{suffix}").copy_(weights.pop(f"{name}/lstm_cell/bias"))
            getattr(layer, f"bias_hh_{suffix}").zero_()  # PyTorch has two biases where one will do
        self.source_embedding.weight.copy_(weights.pop("encoder/source_embedding/table/embeddings"))
        self.target_embedding.weight.copy_(weights.pop("decoder/target_embedding/table/embeddings"))
        self.output_bias.copy_(weights.pop("decoder/output_bias"))
        if weights:
            raise ValueError(f"The Keras model has weights that this one has not: {sorted(weights)}.")


class Trainer:
    """Trains on lists of batches, with the encoder on packed or on padded sequences."""

    def __init__(self, spec):
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.set_num_threads(spec["threads"])
        torch.backends.cudnn.allow_tf32 = False  # float32 is true float32 in ours too, and in products by default
        self.model = EncoderDecoder(**spec["model"])
        self.model.load(Path(spec["folder"]) / "weights.npz")
        self.model.to(self.device)
        settings = spec["training"]
        self.clip_norm, self.label_smoothing = settings["clip_norm"], settings["label_smoothing"]
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), settings["learning_rate"], betas=(0.9, 0.98), eps=1e-8, fused=True
        )

    def loss(self, batch, packed):
        source, target_input, labels = (torch.from_numpy(array).long().to(self.device) for array in batch)
        real = labels != PAD
        logits = self.model(source, target_input, real, packed)
        return F.cross_entropy(logits, labels[real], label_smoothing=self.label_smoothing)

    def train(self, batches, packed):
        """Seconds for one update from each batch."""
        self.model.train()
        began = time.perf_counter()
        for batch in batches:
            self.optimizer.zero_grad()
            loss = self.loss(batch, packed)
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
            self.optimizer.step()
        loss.item()  # waits for a GPU
        return time.perf_counter() - began

    @torch.no_grad()
    def first_loss(self, batch):
        """The loss without dropout, packed: the form that never reads padding and so equals the Keras model's."""
        self.model.eval()
        return self.loss(batch, packed=True).item()

    def packed_is_faster(self, batches):
        """Which form is the faster one here, by the best of three short trainings each, after one to warm up."""
        seconds = {packed: [] for packed in (True, False)}
        for _ in range(4):
            for packed, results in seconds.items():
                results.append(self.train(batches, packed))
        return min(seconds[True][1:]) < min(seconds[False][1:])


def start(spec):
    """Get ready to train `steps` batches each turn."""
    trainer = Trainer(spec)
    batches = load_batches(spec["folder"])
    loss = trainer.first_loss(batches[0])
    packed = trainer.packed_is_faster(batches[:3])

    def turn(k):
        chosen = batches_of_turn(batches, k, spec["steps"])
        return target_tokens(chosen), trainer.train(chosen, packed)

    turn(-1)
    form = "packed" if packed else "padded"
    about = f"PyTorch {torch.__version__} on {trainer.device}, {form} sequences, the faster of the two forms"
    return {"about": about, "loss": loss, "rounding": 1e-5 if trainer.device == "cpu" else 1e-2}, turn


if __name__ == "__main__":
    serve(start)
