"""The grammar behind the English-French corpus: lexicon, number words, dates, agreement and sentences."""
