"""The encoder–decoder: from source tokens to the scores of target tokens."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from seq2seq.layers.attention import make_attention
from seq2seq.layers.bridge import Bridge
from seq2seq.layers.rows import spare_rows
from seq2seq.models.decoder import Decoder, DecoderState
from seq2seq.models.encoder import Encoder, TokenEmbedding
from seq2seq.models.exportable import Exportable
from seq2seq.models.parts import gradients_of_parts
from seq2seq.models.recurrent import RecurrentStack
from seq2seq.models.update import log_loss, update
from seq2seq.special_ids import PAD


@keras.saving.register_keras_serializable(package="seq2seq")
class EncoderDecoder(Exportable):
    """A recurrent encoder–decoder for token sequences.

    Ids are 0 padding, 1 unknown, 2 begin, 3 end. With teacher forcing the decoder reads `BOS + target` and is scored on
    `target + EOS`. `fit` takes `((source, target_input), labels)`, int32 arrays `(batch, steps)` padded on the right.
    Training and evaluation pass only the real tokens through the output layer; the numbers are those of the plain
    formula.

    Args:
        source_vocabulary_size: int.
        target_vocabulary_size: int.
        embedding_dim: int.
        units: int. Width of the decoder; a bidirectional encoder has half of it in each direction.
        encoder_layers: int.
        decoder_layers: int.
        cell: `"lstm"` or `"gru"`.
        bidirectional: bool.
        go_backwards: bool. A unidirectional encoder reads the source from its end.
        residual: bool. Around every recurrent layer from the second on.
        bridge: `"copy"`, `"dense"` or `"zero"`, see `Bridge`.
        attention: `"none"`, `"dot"`, `"additive"` or `"multi_head"`.
        attention_heads: int.
        attention_at: `"top"` or `"first"`, the decoder layer that attends; those above it read what it found.
        tie_output: bool. The output layer shares the target embedding.
        tie_source: bool. One embedding for both sides; the vocabularies must be one.
        embedding_dropout: float. Share of dropped embedding entries.
        layer_dropout: float. Between recurrent layers.
        output_dropout: float. Before the output layer.
        word_dropout: float. Share of input tokens whose embedding is zeroed.
        dropout_along_time: bool. One dropout mask for all steps.

    Call arguments:
        inputs: `(source, target_input)`.

    Returns:
        float32 logits, `(batch, target_steps, target_vocabulary_size)`.

    Raises:
        ValueError: `tie_source` with vocabularies of different sizes; a `"copy"` bridge between different widths.
    """

    def __init__(
        self,
        source_vocabulary_size: int,
        target_vocabulary_size: int,
        embedding_dim: int = 256,
        units: int = 512,
        encoder_layers: int = 1,
        decoder_layers: int = 1,
        cell: str = "lstm",
        bidirectional: bool = True,
        go_backwards: bool = False,
        residual: bool = True,
        bridge: str = "dense",
        attention: str = "dot",
        attention_heads: int = 4,
        attention_at: str = "top",
        tie_output: bool = True,
        tie_source: bool = False,
        embedding_dropout: float = 0.0,
        layer_dropout: float = 0.0,
        output_dropout: float = 0.0,
        word_dropout: float = 0.0,
        dropout_along_time: bool = False,
        **kwargs: Any,
    ) -> None:
        arguments = {name: value for name, value in locals().items() if name not in ("self", "kwargs", "__class__")}
        super().__init__(**kwargs)
        self.arguments = arguments
        if tie_source and source_vocabulary_size != target_vocabulary_size:
            raise ValueError(
                "tie_source=True needs one vocabulary for both sides, got sizes "
                f"{source_vocabulary_size} and {target_vocabulary_size}."
            )
        if attention_at not in ("top", "first"):
            raise ValueError(f"attention_at={attention_at!r}: expected 'top' or 'first'.")
        dtype = {"dtype": self.dtype_policy}
        dropouts = (embedding_dropout, word_dropout, dropout_along_time)
        target_embedding = TokenEmbedding(
            target_vocabulary_size, embedding_dim, *dropouts, name="target_embedding", **dtype
        )
        source_embedding = target_embedding
        if not tie_source:
            source_embedding = TokenEmbedding(
                source_vocabulary_size, embedding_dim, *dropouts, name="source_embedding", **dtype
            )
        stack = {"cell": cell, "residual": residual, "dropout": layer_dropout, "dropout_along_time": dropout_along_time}
        stack |= {"packed": True, **dtype}
        self.encoder = Encoder(
            source_embedding,
            RecurrentStack(
                encoder_layers, units, bidirectional=bidirectional, go_backwards=go_backwards, name="stack", **stack
            ),
            name="encoder",
            **dtype,
        )
        attends_first = attention != "none" and attention_at == "first"
        self.decoder = Decoder(
            target_embedding,
            RecurrentStack(decoder_layers, units, context_dim=units * attends_first, name="stack", **stack),
            Bridge(bridge, units, decoder_layers, name="bridge", **dtype),
            make_attention(attention, units, attention_heads, name="attention", **dtype),
            readout_dim=embedding_dim if tie_output else units,
            tie_output=tie_output,
            dropout=output_dropout,
            along_time=dropout_along_time,
            name="decoder",
            **dtype,
        )
        # A CPU trains faster on parts of a batch at once, a thread each, than on the whole with several threads for
        # each operation; the gradients are those of the whole batch.
        self.parallel_parts = 1
        # Share of decoder inputs that are true tokens while training; None is teacher forcing throughout.
        self.truth_ratio = None
        # Weight of the agreement of two readings of each pair, with other dropout in each, while training (R-Drop, Wu
        # et al. 2021), for a loss that has it; None, or a variable that is 0, reads a pair once.
        self.consistency = None
        # `TokenTeachers`, whose beliefs of each token are learned beside its label, for a loss that has them, or None.
        self.teachers = None
        # What an update learns instead of the labels: a function of the model and the parts of a batch, which makes it.
        self.objective = None
        self.seed_generator = keras.random.SeedGenerator()  # its state is among the model's variables
        self.build()

    def build(self, input_shape: Any = None) -> None:
        """All shapes but batch and length are known from the arguments, so the weights exist from the start."""
        if self.built:
            return
        units = self.arguments["units"]
        states = [[(None, units)] * (2 if self.arguments["cell"] == "lstm" else 1)] * self.arguments["encoder_layers"]
        self.encoder.build((None, None))
        self.decoder.build((None, None), units, states)
        self.built = True

    @property
    def layer_groups(self) -> dict[str, list[keras.layers.Layer]]:
        source, target = self.encoder.embedding, self.decoder.embedding
        own = [] if source is target else [source]  # what the decoder has, too, is no part of the encoder alone
        return {"encoder": [self.encoder.stack, *own], "embeddings": [source, target]}

    @property
    def input_specs(self) -> Any:
        """What `export` takes: source and target tokens."""
        tokens = tf.TensorSpec((None, None), tf.int32)
        return tokens, tokens

    def call(self, inputs: Any, training: bool = False) -> Any:
        source, target_input = inputs
        logits, _ = self.decoder(target_input, self._start(source, training), training=training)
        return logits

    def _start(self, source, training=False):
        return self.decoder.initial_state(self.encoder(source, training=training))

    def start(self, source: Any) -> Any:
        """Encode `source`, int32 `(batch, steps)`: the state for `decoder.step` with one hypothesis of each."""
        cells, memory = self._start(source)
        cells = [[ops.expand_dims(part, 1) for part in layer] for layer in cells]
        return DecoderState(cells, memory)

    def begin(self, source: Any, never: Any = ()) -> Any:
        """What a search begins with.

        Args:
            source: int32 `(batch, steps)`.
            never: ids of tokens that no step may predict, see `Decoder.projection`.

        Returns:
            The state of one hypothesis of each sentence, the memory, and the step function: see `seq2seq.decoding`.
        """
        cells, memory = self.start(source)
        decoder_step = self.decoder.stepper(never)

        def step(tokens, cells, memory):
            logits, state, _ = decoder_step(tokens, DecoderState(cells, memory or None))
            return logits, state.cells

        return cells, memory or (), step  # without attention there is no memory

    def teacher_forced(self, source: Any, target_input: Any, labels: Any) -> Any:
        """The real ones of `labels`, int32 `(tokens,)`, and their logits, float32 `(tokens, vocabulary)`."""
        labels, features = self.packed(source, target_input, labels, training=False)
        return labels, self.decoder.project(features)

    def train_step(self, data: Any) -> dict[str, Any]:
        (source, target_input), labels = _inputs_and_labels(data)
        if self.truth_ratio is not None:
            target_input = self.mix_own_predictions(source, target_input)

        parts = [*self._parts(source, target_input, labels)]
        if self.objective is not None:
            self.objective(self, parts)
            return self.get_metrics_result()
        weights = [tf.math.count_nonzero(labels, dtype=tf.float32) for *_, labels in parts]

        def scored(consistency=None):
            def score(*part):
                return self._scored(*part, training=True, consistency=consistency)

            return gradients_of_parts(self, score, parts, weights)

        if isinstance(self.consistency, tf.Variable):
            twice = self.consistency > 0.0
            loss, results, gradients = tf.cond(twice, lambda: scored(self.consistency.value()), scored)
        else:
            loss, results, gradients = scored(self.consistency)
        update(self, loss, tf.add_n(weights), gradients)
        labels, logits = zip(*results, strict=True)
        return self._logs(tf.concat(labels, 0), None if logits[0] is None else tf.concat(logits, 0))

    def _parts(self, *batch):
        """The rows of a batch in `parallel_parts` parts; where rows are fewer, some parts repeat one, unlabelled."""
        rows = tf.shape(batch[0])[0]
        for k in range(self.parallel_parts):
            part = slice(tf.minimum(k, rows - 1), None, self.parallel_parts)
            source, target_input, labels = (tensor[part] for tensor in batch)
            yield source, target_input, tf.where(k < rows, labels, PAD)

    def test_step(self, data: Any) -> dict[str, Any]:
        (source, target_input), labels = _inputs_and_labels(data)
        loss, labels, logits = self._scored(source, target_input, labels, training=False)
        log_loss(self, loss, tf.size(labels))
        return self._logs(labels, logits)

    def _scored(self, source, target_input, labels, training, consistency=None):
        """The loss, the real labels, and their logits, or `None` where nobody asks for them: a loss may do without."""
        if consistency is not None:
            source, target_input, labels = (tf.concat((rows, rows), 0) for rows in (source, target_input, labels))
        taught = self.teachers.read(source, target_input, labels) if training and self.teachers else None
        labels, features = self.packed(source, target_input, labels, training)
        alone = [metric.name for metric in self.metrics] == ["loss"]
        logits = None if alone and hasattr(self.loss, "of_product") else self.decoder.project(features)
        if consistency is not None or taught is not None or logits is None:
            loss = self.loss.of_product(labels, features, *self.decoder.output_weights(), consistency, taught)
            return loss, labels, logits
        return self.compute_loss(None, labels, logits, training=training), labels, logits

    def _logs(self, labels, logits):
        return self.get_metrics_result() if logits is None else self.compute_metrics(None, labels, logits)

    def packed(self, source: Any, target_input: Any, labels: Any, training: bool, owners: Any = None) -> Any:
        """Labels, `(tokens,)`, and what `decoder.project` makes their logits from, of the real tokens of a batch.

        Args:
            source: int32 `(sources, source_steps)`.
            target_input: int32 `(batch, steps)`.
            labels: int32 `(batch, steps)`.
            training: bool.
            owners: int32 `(batch,)`, of each target the number of its source; `None` where each has one of its own.
        """
        state = self._start(source, training)
        if owners is not None:
            state = tf.nest.map_structure(lambda each: None if each is None else tf.gather(each, owners), state)
        real = tf.where(tf.not_equal(labels, PAD))
        count = tf.shape(real)[0]
        spare = spare_rows(count)
        places = tf.concat((real, tf.zeros((spare, 2), real.dtype)), 0)
        features, _ = self.decoder.features(target_input, state, places, training=training)
        features, _ = tf.split(features, (count, spare), num=2)  # the gradient of a slice is slow
        return tf.gather_nd(labels, real), features

    def mix_own_predictions(self, source: Any, target_input: Any) -> Any:
        """Replace true decoder inputs by the model's own predictions (scheduled sampling, Bengio et al. 2015).

        The decoder runs step by step; each input after BOS is the true token with probability `truth_ratio`, or else
        the most probable token given the inputs so far. No gradient passes through that choice, so training on the
        sequence that comes out, in one teacher-forced pass, has the gradients of the step-by-step form.

        Args:
            source: int32 `(batch, source_steps)`.
            target_input: int32 `(batch, steps)`, starting with BOS.

        Returns:
            int32 `(batch, steps)`.
        """
        state = self.start(source)
        steps = tf.shape(target_input)[1]
        truth = tf.transpose(tf.cast(target_input, tf.int32))  # (steps, batch)
        decoder_step = self.decoder.stepper()
        keep_truth = keras.random.uniform(tf.shape(truth), seed=self.seed_generator) < self.truth_ratio

        def step(t, tokens, cells, inputs):
            logits, new_state, _ = decoder_step(tokens[:, None], DecoderState(cells, state.memory))
            predicted = tf.argmax(logits[:, 0], axis=-1, output_type=tf.int32)
            real = tf.not_equal(truth[t], PAD)
            tokens = tf.where(keep_truth[t] | ~real, truth[t], predicted)
            return t + 1, tokens, new_state.cells, inputs.write(t, tokens)

        inputs = tf.TensorArray(tf.int32, steps, element_shape=truth.shape[1:]).write(0, truth[0])
        *_, inputs = tf.while_loop(lambda t, *_: t < steps, step, (1, truth[0], state.cells, inputs))
        return tf.stop_gradient(tf.transpose(inputs.stack()))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.arguments}


def _inputs_and_labels(data):
    inputs, labels, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    if sample_weight is not None:
        raise ValueError("sample_weight cannot be used: the loss counts every real token once.")
    return inputs, labels
