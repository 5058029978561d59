"""Makes a GGUF file of a few megabytes that a llama.cpp server loads: a real vocabulary, random weights.

usage: make_model.py VOCABULARY.gguf MODEL.gguf

The text such a model writes is noise. Prefill, decode, batching, the KV cache and the token counts are
the engine's own, and those are what the tests look at. Same input, same file.
"""
import argparse
import pathlib

import gguf
import numpy

BLOCKS, HEADS, EMBEDDING, FEED_FORWARD, CONTEXT = 2, 4, 64, 256, 32768
SEED = 2026


def tensor_shapes(vocabulary_size):
    """Yields (name, shape); a one-dimensional tensor is a norm."""
    yield "token_embd.weight", (vocabulary_size, EMBEDDING)
    for block in range(BLOCKS):
        prefix = f"blk.{block}."
        yield prefix + "attn_norm.weight", (EMBEDDING,)
        for projection in ("q", "k", "v", "output"):
            yield f"{prefix}attn_{projection}.weight", (EMBEDDING, EMBEDDING)
        yield prefix + "ffn_norm.weight", (EMBEDDING,)
        yield prefix + "ffn_gate.weight", (FEED_FORWARD, EMBEDDING)
        yield prefix + "ffn_up.weight", (FEED_FORWARD, EMBEDDING)
        yield prefix + "ffn_down.weight", (EMBEDDING, FEED_FORWARD)
    yield "output_norm.weight", (EMBEDDING,)
    yield "output.weight", (vocabulary_size, EMBEDDING)


def values(shape, generator):
    if len(shape) == 1:
        return numpy.ones(shape, dtype=numpy.float32)
    return generator.normal(scale=0.05, size=shape).astype(numpy.float16)


def take_over_tokenizer(source, target):
    """Copies every tokenizer field of one file to the other and returns the number of tokens."""
    for field in source.fields.values():
        if not field.name.startswith("tokenizer."):
            continue
        if field.types[0] == gguf.GGUFValueType.ARRAY:
            target.add_array(field.name, field.contents())
        else:
            target.add_key_value(field.name, field.contents(), field.types[0])
    return len(source.fields["tokenizer.ggml.tokens"].data)


def write_model(vocabulary_path, model_path):
    model = gguf.GGUFWriter(model_path, "llama")
    vocabulary_size = take_over_tokenizer(gguf.GGUFReader(vocabulary_path), model)
    model.add_name("random-noise")
    model.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    model.add_vocab_size(vocabulary_size)
    model.add_context_length(CONTEXT)
    model.add_block_count(BLOCKS)
    model.add_embedding_length(EMBEDDING)
    model.add_feed_forward_length(FEED_FORWARD)
    model.add_head_count(HEADS)
    model.add_head_count_kv(HEADS)
    model.add_rope_dimension_count(EMBEDDING // HEADS)
    model.add_layer_norm_rms_eps(1e-5)
    generator = numpy.random.default_rng(SEED)
    for name, shape in tensor_shapes(vocabulary_size):
        model.add_tensor(name, values(shape, generator))
    model.write_header_to_file()
    model.write_kv_data_to_file()
    model.write_tensors_to_file()
    model.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Makes a tiny GGUF model with random weights.")
    parser.add_argument("vocabulary", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path)
    arguments = parser.parse_args()
    write_model(arguments.vocabulary, arguments.model)
