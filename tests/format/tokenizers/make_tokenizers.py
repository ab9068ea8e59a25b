#!/usr/bin/env python3
"""Makes small tokenizers with Hugging Face's `tokenizers` and records what they make of texts.

Usage: make_tokenizers.py [--check]. Writes NAME.json (the tokenizer) and cases.json beside this file;
--check holds the tokens that are there to the package. Needs the package `tokenizers`.
"""

import argparse
import json
import random
import sys
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, trainers

HERE = Path(__file__).resolve().parent
WORDS = ('the a of and to in is that it for was on are with as his they be at one have this from or '
         'had by hot but some what there we can out other were all your when up use how said each '
         'she which do their time if will way about many then them would write like these her long '
         "make thing see him two has look more day could go come did my sound no most don't can't "
         "we'll I've you're he'd it's naïve café über Straße Ελλάδα Москва 日本語 東京 العربية "
         '1984 2,048 3.14 x² ½ ٣٤ 😀 …').split()
TEXTS = [
    '', ' ', '  ', '\n', 'a', 'hello world', 'Hello,  World!!', "I've seen what they'll do, don't you?",
    "'s 't 're 've 'm 'll 'd 'S 'T", 'tabs\tand\nnewlines\r\n\r\n  and   runs of   space   ',
    'no-break\u00a0space\u2003em\u3000wide', 'café cafe\u0301 naïve Straße STRASSE ẞ İstanbul',
    '東京に行く。日本語 text 混在', '😀 emoji 👩‍👩‍👧 family', 'x² + ½ = ٣٤ 2,048 3.14e-10',
    'zero\u200bwidth soft\u00adhyphen bell\u0007 nul', 'ﬁne ligature Ǆ ǅ ǆ ΑΒΓ ς σ',
    'a [MASK] b[MASK]c <|end|> d<|end|>', 'the<|end|><|end|>the', 'unknownword ' * 3,
    'supercalifragilisticexpialidocious' * 4, '¿Qué? ¡No! «oui» “quoted” — dash', 'a_b_c $5.00 50%',
    '\u0301combining first', '한국어 텍스트', '\ufeffmark', 'A' * 120, '   leading and trailing   ',
]


def corpus():
    draw = random.Random(5)
    for _ in range(400):
        yield ' '.join(draw.choice(WORDS) for _ in range(12)) + draw.choice(['.', '!', '?', '\n'])


def byte_level(prefix=False, regex=True, normalizer=None):
    out = Tokenizer(models.BPE())
    out.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=regex)
    if normalizer:
        out.normalizer = normalizer
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=['<|end|>'], show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    out.train_from_iterator(corpus(), trainer)
    return out


def word_piece(normalizer, pre_tokenizer=None):
    out = Tokenizer(models.WordPiece(unk_token='[UNK]', max_input_chars_per_word=100))
    out.normalizer = normalizer
    out.pre_tokenizer = pre_tokenizer or pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=330, special_tokens=['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
        show_progress=False)
    out.train_from_iterator(corpus(), trainer)
    return out


def plain_bpe():
    out = Tokenizer(models.BPE(unk_token='<unk>', fuse_unk=True))
    out.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    out.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    trainer = trainers.BpeTrainer(vocab_size=200, special_tokens=['<unk>'], limit_alphabet=60,
                                  show_progress=False)
    out.train_from_iterator(corpus(), trainer)
    return out


def added_tokens():
    out = byte_level()
    out.add_tokens([AddedToken('the', single_word=True, normalized=False),
                    AddedToken('[MASK]', lstrip=True, rstrip=True, normalized=False)])
    return out


def tokenizers_by_name():
    return {
        'byte_level': byte_level(),
        'byte_level_prefix': byte_level(prefix=True),
        'byte_level_whole': byte_level(regex=False),
        'byte_level_nfc': byte_level(normalizer=normalizers.NFC()),
        'byte_level_added': added_tokens(),
        'bert_uncased': word_piece(normalizers.BertNormalizer()),
        'bert_cased': word_piece(normalizers.BertNormalizer(lowercase=False)),
        'word_piece_split': word_piece(
            normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents()]),
            pre_tokenizers.WhitespaceSplit()),
        'plain_bpe': plain_bpe(),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--check', action='store_true')
    check = parser.parse_args().check
    if not check:  # training depends on the order of hashes: what is there is kept with its cases
        for name, tokenizer in tokenizers_by_name().items():
            (HERE / f'{name}.json').write_text(tokenizer.to_str() + '\n', encoding='utf-8')
    cases = {}
    for name in tokenizers_by_name():
        tokenizer = Tokenizer.from_file(str(HERE / f'{name}.json'))
        cases[name] = [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]
    made = {'texts': TEXTS, 'tokens': cases}
    path = HERE / 'cases.json'
    if not check:
        path.write_text(json.dumps(made) + '\n', encoding='utf-8')
        return 0
    stored = json.loads(path.read_text(encoding='utf-8'))
    for name, tokens in cases.items():
        if stored['tokens'].get(name) != tokens:
            print(f'{name} differs; tokenizers {tokenizers.__version__}')
    return 0 if stored == made else 1


if __name__ == '__main__':
    sys.exit(main())
