"""Writes a tokenizer folder that Hugging Face's loader accepts, so that a peer needs no model hub.

usage: make_tokenizer.py FOLDER

The vocabulary is trained on numbered made-up words; the simulator's " the" is put in as one token, so that
the peer counts what the server sent.
"""
import json
import pathlib
import sys

import tokenizers

END = "<|end|>"
CONSONANTS, VOWELS = "bcdfghklmnprstvz", "aeiou"


def word(number):
    """The number-th made-up word: its digits in base 80, each written as a syllable."""
    letters = []
    while True:
        number, digit = divmod(number, len(CONSONANTS) * len(VOWELS))
        letters.append(CONSONANTS[digit // len(VOWELS)] + VOWELS[digit % len(VOWELS)])
        if number == 0:
            return "".join(letters)


def train():
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    text = (" the " + word(n % 7919) + " " + word(n * n % 104729) for n in range(60000))
    tokenizer.train_from_iterator(text, tokenizers.trainers.BpeTrainer(
        vocab_size=4096, special_tokens=[END], show_progress=False,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet()))
    return tokenizer


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = train()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": END, "pad_token": END, "bos_token": END,
        "model_max_length": 100000, "clean_up_tokenization_spaces": False}))
    (folder / "config.json").write_text(json.dumps({
        "model_type": "gpt2", "vocab_size": tokenizer.get_vocab_size()}))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
