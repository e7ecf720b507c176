"""Tokenizers of SentencePiece: trained here, or taken from elsewhere."""

import codecs
import random
import re
import threading
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from itertools import chain

import numpy as np
import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from seq2seq.cores import usable_cores
from seq2seq.errors import InputError
from seq2seq.special_ids import BOS, EOS, PAD, UNK
from seq2seq.text.reserved import ESCAPES, shown
from seq2seq.text.tokens import SPECIAL_PIECES, UNKNOWN_TEXT, Tokenizer, TokenRows

# A trained SentencePiece model depends on the number of threads, so it is not the number of cores.
_TRAINING_THREADS = 4
_MAX_TRAINING_TEXTS = 2_000_000
# SentencePiece skips longer lines (4192 bytes; a character has at most 4) and their characters with them.
_MAX_TRAINING_CHARACTERS = 1000
# The seed of SentencePiece's sampling is global to the process.
_SAMPLING = threading.Lock()
_FEW = 64  # texts
_BLANK = "\u2581"  # SentencePiece's sign of a blank.
_TO_ESCAPES, _FROM_ESCAPES = str.maketrans(ESCAPES), str.maketrans({sign: text for text, sign in ESCAPES.items()})
# Where white space is not kept: the sign of a blank is none in any text, and what stands for it is in none.
_TO_BLANK_ESCAPE = str.maketrans({_BLANK: ESCAPES[_BLANK], ESCAPES[_BLANK]: "\ufffd"})
# These are what bytes might spell and no line of text holds.
_LINE_ENDS = str.maketrans(dict.fromkeys("\n\r\0", " "))
_Piece = sentencepiece_model_pb2.ModelProto.SentencePiece


class SentencePieceTokenizer(Tokenizer):
    """A SentencePiece model, `unigram` or `bpe`, with the special ids of this library.

    One trained with `keep_white_space` has pieces for the signs of `ESCAPES`, and so knows that they are to be used.

    Args:
        model: bytes. A serialized SentencePiece model.

    Raises:
        InputError: not a SentencePiece model, or one with other special ids.
    """

    suffix = ".model"

    def __init__(self, model: bytes):
        proto, self._processor = _loaded(model)
        found = _special_ids(self._processor)
        if found != [PAD, UNK, BOS, EOS]:
            raise InputError(f"a SentencePiece model with pad, unk, bos, eos = {found}, expected [0, 1, 2, 3]")
        self.kind = sentencepiece_model_pb2.TrainerSpec.ModelType.Name(proto.trainer_spec.model_type).lower()
        self.vocabulary_size = self._processor.get_piece_size()
        self._escapes = all(self._processor.piece_to_id(sign) != UNK for sign in ESCAPES.values())
        self._byte_fallback = proto.trainer_spec.byte_fallback

    @classmethod
    def train(
        cls,
        texts,
        vocabulary_size,
        *,
        kind="unigram",
        min_count=1,
        character_coverage=1.0,
        keep_white_space=False,
        byte_fallback=False,
        symbols=(),
        seed=0,
        threads=None,
    ):
        """Train a model with `symbols`, characters, as pieces of their own. See `train_tokenizer`."""
        table = _TO_ESCAPES if keep_white_space else _TO_BLANK_ESCAPE
        texts = [text.translate(table) for text in texts if text.strip()]
        if not texts:
            raise InputError("cannot train a tokenizer: no text was given")
        if len(texts) > _MAX_TRAINING_TEXTS:
            texts = random.Random(seed).sample(texts, _MAX_TRAINING_TEXTS)
        options = {"byte_fallback": True} if byte_fallback else {}
        if symbols:
            options["user_defined_symbols"] = list(symbols)
        if keep_white_space:
            signs = list(ESCAPES.values())
            options |= {"remove_extra_whitespaces": False, "allow_whitespace_only_pieces": True}
            options["required_chars"] = "".join(signs)
        if min_count > 1:
            texts = _without_rare(texts, min_count, symbols)
        if keep_white_space:
            texts += signs  # BPE ends the process at a required character that its texts do not hold
        size = _MAX_TRAINING_CHARACTERS
        lines = (text[start : start + size] for text in texts for start in range(0, len(text), size))
        model = BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=lines,
                model_writer=model,
                model_type=kind,
                vocab_size=vocabulary_size,
                hard_vocab_limit=False,  # a small corpus gives a smaller vocabulary instead of an error
                character_coverage=character_coverage,
                normalization_rule_name="identity",  # the corpus is normalised, and plain text must come back as it was
                pad_id=PAD,
                unk_id=UNK,
                bos_id=BOS,
                eos_id=EOS,
                unk_surface=UNKNOWN_TEXT,
                num_threads=threads or _TRAINING_THREADS,
                minloglevel=2,
                **options,
            )
        except RuntimeError as error:
            needed = re.search(r"smaller than required_chars\. \d+ vs (\d+)", str(error))
            if not needed:
                raise
            others = "the 256 bytes and the special ids" if byte_fallback else "the special ids"
            raise InputError(
                f"a vocabulary of {vocabulary_size} is too small: the characters of the text and {others} "
                f"alone are {needed[1]}; raise the vocabulary size"
            ) from error
        return cls(model.getvalue())

    @classmethod
    def adopt(cls, model: bytes, *, keep_white_space: bool = False, symbols: Sequence[str] = ()):
        """Take a model made elsewhere, its pieces in another order: the special ids first, where this library has them.

        Args:
            model: bytes. A serialized SentencePiece model with any special ids; those that it lacks are added.
            keep_white_space: bool. Whether it must give back white space as it was: the signs of `ESCAPES` are added.
            symbols: sequence of str. Pieces of their own to be added, at the end.

        Raises:
            InputError: not a SentencePiece model, or one that changes white space which must be kept.
        """
        proto, processor = _loaded(model)
        normalizer = proto.normalizer_spec
        if keep_white_space and (normalizer.remove_extra_whitespaces or normalizer.precompiled_charsmap):
            raise InputError(
                "a SentencePiece model that changes white space (it needs remove_extra_whitespaces=false and the "
                "normalization rule identity): set text.white_space=collapse, or train it anew"
            )
        places = _special_ids(processor)
        names = {piece.piece for piece in proto.pieces}
        special = []
        for name, place in zip(SPECIAL_PIECES, places, strict=True):
            added = _Piece(piece=name if name not in names else f"<seq2seq:{name}>", type=_Piece.CONTROL)
            special.append(_copy(proto.pieces[place]) if place >= 0 else added)
        rest = [_copy(piece) for place, piece in enumerate(proto.pieces) if place not in places]
        added = [*(ESCAPES.values() if keep_white_space else ()), *symbols]
        rest += [_Piece(piece=symbol, type=_Piece.USER_DEFINED) for symbol in added if symbol not in names]
        del proto.pieces[:]
        proto.pieces.extend([*special, *rest])
        trained = proto.trainer_spec
        trained.pad_id, trained.unk_id, trained.bos_id, trained.eos_id = PAD, UNK, BOS, EOS
        trained.pad_piece, trained.unk_piece, trained.bos_piece, trained.eos_piece = (one.piece for one in special)
        trained.unk_surface, trained.vocab_size = UNKNOWN_TEXT, len(proto.pieces)
        return cls(proto.SerializeToString(deterministic=True))

    def encode(self, texts, *, sampling=None, seed=0):
        texts = self._escaped(texts)
        if sampling is None:
            threads = min(usable_cores(), 1 + len(texts) // 256)
            # Many at once are handed to other threads, even to a single one: few are not worth the wait for it.
            few, process = len(texts) <= _FEW, self._processor.encode
            rows = list(map(process, texts)) if few else process(texts, num_threads=threads)
        elif not 0 < sampling <= 1:
            raise InputError(f"sampling must be above 0 and at most 1, got {sampling}")
        else:
            with _SAMPLING:  # one thread: which of several takes which text, and so its randomness, is left to chance
                sentencepiece.set_random_generator_seed(seed % 2**32)
                options = {"enable_sampling": True, "alpha": sampling, "nbest_size": -1}
                rows = self._processor.encode(texts, num_threads=1, **options)
        lengths = np.fromiter(map(len, rows), np.int32, len(rows))
        return TokenRows(np.fromiter(chain.from_iterable(rows), np.int32, int(lengths.sum())), lengths)

    def unknown(self, text):
        return [surface for piece, surface in self._segmented(text) if piece == UNK]

    def surfaces(self, text):
        return [surface for _, surface in self._segmented(text)]

    def _segmented(self, text):
        """The ids of a text, and what each stands for in it."""
        pieces = self._processor.encode(*self._escaped([text]), out_type="immutable_proto").pieces
        return [(piece.id, piece.surface.translate(_FROM_ESCAPES)) for piece in pieces]

    def _escaped(self, texts):
        table = _TO_ESCAPES if self._escapes else _TO_BLANK_ESCAPE
        return [text if text.isascii() and "\t" not in text else text.translate(table) for text in texts]

    def _decode(self, rows):
        texts = [text.translate(_FROM_ESCAPES) for text in (self._processor.decode(rows) if rows else [])]
        return [text.translate(_LINE_ENDS) for text in texts] if self._byte_fallback else texts

    def pieces(self, ids):
        return [shown(self._processor.id_to_piece(int(i))) for i in ids]

    def spelling(self, ids):
        silent = {PAD: "", BOS: "", EOS: "", UNK: UNKNOWN_TEXT}
        bytes_ = codecs.getincrementaldecoder("utf-8")("replace")
        spelled = []
        for i in map(int, ids):
            piece = self._processor.id_to_piece(i)
            if self._processor.is_byte(i):  # The last byte of a character spells it, those before it nothing.
                spelled.append(bytes_.decode(bytes([int(piece[3:5], 16)])).translate(_LINE_ENDS))
                continue
            if spelled:
                spelled[-1] += bytes_.decode(b"", final=True)
            spelled.append(silent.get(i, piece.replace(_BLANK, " ")))
        if spelled:
            spelled[-1] += bytes_.decode(b"", final=True)
        return [text.translate(_FROM_ESCAPES) for text in spelled]

    def to_bytes(self):
        return self._processor.serialized_model_proto()

    def _essence(self):
        proto, _ = _loaded(self.to_bytes())
        proto.ClearField("trainer_spec")  # how it came about, of which an adopted model tells other things
        return proto.SerializeToString(deterministic=True)


def _loaded(model):
    """A model as its protocol buffer and as a processor."""
    proto = sentencepiece_model_pb2.ModelProto()
    try:
        proto.ParseFromString(model)
        if not proto.pieces:  # a processor without a model ends the process when it is asked anything
            raise ValueError("no pieces")
        return proto, sentencepiece.SentencePieceProcessor(model_proto=model)
    except Exception as error:  # protobuf and SentencePiece have several
        raise InputError("not a SentencePiece model, or a damaged one") from error


def _special_ids(processor):
    return [getattr(processor, f"{name}_id")() for name in ("pad", "unk", "bos", "eos")]


def _copy(piece):
    copy = _Piece()
    copy.CopyFrom(piece)
    return copy


def _without_rare(texts, min_count, symbols):
    """The texts with a tab, which SentencePiece takes for no character, for each character seen less often."""
    counts = Counter(chain.from_iterable(texts))
    rare = {ord(c): "\t" for c, count in counts.items() if count < min_count and c != " " and c not in symbols}
    if not counts.keys() - set(map(chr, rare)) - {" ", *symbols}:
        raise InputError(f"no character is seen at least {min_count} times: lower the minimum count")
    return [text.translate(rare) for text in texts] if rare else texts
