"""Texts through the command: data, language models and GANs of characters, samples, evaluation, measures, refusals."""
import json
import math
import signal
import unittest

from command import CommandTest, read_log, read_safetensors

LANGUAGE = """\
name: tiny-lm
seed: 3
steps: 20
data: { source: words.txt, text: { window: 8, lower: true, join: true }, batch: 8 }
length: 12
language: [ { embedding: 6 }, { gru: 12 } ]
optimizer: { language: { adam: { rate: 1e-2 } } }
log: { every: 5, samples: 10, checkpoint: 10 }
"""

GAN = """\
name: tiny-text-gan
seed: 3
steps: 4
data: { source: words.txt, text: { window: 8, lower: true, join: true }, batch: 4 }
latent: { size: 4 }
generator: [ { dense: 24 }, { reshape: [3, 8] }, { conv: { channels: %(symbols)d, kernel: 1 } }, softmax ]
discriminator: [ { embedding: 4 }, { conv: { channels: 4, kernel: 3, padding: 1 } }, relu, flatten, { dense: 1 } ]
log: { every: 2, samples: 2, checkpoint: 2 }
"""

WRITER = """\
name: tiny-writer
seed: 3
steps: 4
data: { source: words.txt, text: { window: 8, lower: true, join: true }, batch: 4 }
latent: { size: 2 }
generator: [ { feedback: { symbols: 19, length: 8, temperature: 0.7, layers: [ { gru: 12 } ] } } ]
discriminator: [ { conv: { channels: 4, kernel: 3, padding: 1 } }, relu, flatten, { dense: 1 } ]
pretrain: { steps: 30, optimizer: { adam: { rate: 1e-2 } } }
discriminator_steps: 2
average: { decay: 0.9 }
monitor: { metrics: [] }
log: { every: 2, samples: 2, checkpoint: 2, keep: 1 }
"""


class Texts(CommandTest):
    def setUp(self):
        super().setUp()
        lines = [f"{'the a one'.split()[i % 3]} {'cat dog'.split()[i % 2]} sat on mat {i % 7}" for i in range(200)]
        (self.folder / "words.txt").write_text("\n".join(lines).upper() + "\n")
        (self.folder / "lm.yaml").write_text(LANGUAGE)

    def train(self, *options):
        return self.ganymede("train", "lm.yaml", "--no-tune", "--quiet", *options)

    def test_a_language_model_writes_what_its_seeds_say(self):
        self.train("--out", "a")
        out, _ = self.ganymede("sample", "a", "--seeds", "0-4")
        lines = out.splitlines()
        self.assertEqual([len(line) for line in lines], [12] * 5)
        alone, _ = self.ganymede("sample", "a", "--seeds", "3")
        self.assertEqual(alone, lines[3] + "\n")
        longer, _ = self.ganymede("sample", "a", "--seeds", "0-4", "--length", "20")
        self.assertEqual([line[:12] for line in longer.splitlines()], lines)
        begun, _ = self.ganymede("sample", "a", "--seeds", "0-4", "--start", "The cat ", "--temperature", "0.5")
        self.assertEqual({line[:8] for line in begun.splitlines()}, {"the cat "})
        cold, _ = self.ganymede("sample", "a", "--seeds", "0-4", "--start", "the ", "--temperature", "0.0001")
        self.assertEqual(len(set(cold.splitlines())), 1)  # the likeliest symbols, whatever the seed
        self.ganymede("sample", "a", "--seeds", "0-4", "-o", "s.txt")
        self.assertEqual((self.folder / "s.txt").read_text(), out)
        self.ganymede("sample", "a", "--seeds", "0-4", "-o", "s.csv")
        self.assertEqual((self.folder / "s.csv").read_text(), 'text\n' + "".join(f'"{line}"\n' for line in lines))
        self.ganymede("sample", "a", "--seeds", "0-4", "-o", "s.png")
        self.assertTrue((self.folder / "s.png").read_bytes().startswith(b"\x89PNG"))

    def test_a_resumed_model_goes_on_bit_for_bit(self):
        self.train("--out", "a")
        self.train("--out", "b", "--steps", "10")
        self.ganymede("train", "--resume", "b", "--steps", "20", "--no-tune", "--quiet")
        last = "checkpoints/00000020.safetensors"
        self.assertEqual((self.folder / "a" / last).read_bytes(), (self.folder / "b" / last).read_bytes())

    def test_bits_stand_beside_chains(self):
        self.train("--out", "a", "--steps", "300", "--set", "log.checkpoint=300")
        out, _ = self.ganymede("evaluate", "a", "--json")
        figures = json.loads(out)
        self.assertLess(figures["bits"], figures["chain_0"])
        self.assertLess(figures["chain_3"], figures["chain_1"])
        self.assertLess(figures["chain_1"], figures["chain_0"])
        self.assertLess(figures["chain_0"], math.log2(20))

    def test_bits_are_those_of_the_samples_probabilities(self):
        self.train("--out", "a")
        one, _ = self.ganymede("evaluate", "a", "--json")
        (self.folder / "held.txt").write_text("the cat sat on mat 1 the dog sat on mat 2")
        other, _ = self.ganymede("evaluate", "a", "--data", "held.txt", "--json")
        self.assertNotEqual(json.loads(one)["bits"], json.loads(other)["bits"])
        self.refused("evaluate", "a", "--data", "words.txt", "--samples", "3", code=1, says=["no importance samples"])

    def test_samples_are_measured_beside_chains(self):
        self.train("--out", "a")
        out, _ = self.ganymede("measure", "words.txt", "a", "--samples", "200", "--json")
        figures = json.loads(out)
        self.assertEqual(set(figures) - {"texts"}, {f"ngrams_{n}" for n in range(1, 7)} |
                         {"known_words", "copies", "distinct_4", "distinct_6"})
        self.assertEqual(len(figures["texts"]), 7)
        chain = figures["texts"]["chain of order 5"]
        self.assertGreater(figures["ngrams_4"]["value"], chain["ngrams_4"])
        self.assertEqual(figures["texts"]["samples"]["ngrams_2"], figures["ngrams_2"]["value"])
        self.assertLess(figures["ngrams_1"]["control"], .1)
        table, _ = self.ganymede("measure", "words.txt", "a", "--samples", "200", "--metrics", "ngrams_3")
        self.assertIn("chain of order 5", table)
        self.ganymede("sample", "a", "--seeds", "0-99", "-o", "s.txt")
        self.refused("measure", "words.txt", "s.txt", code=1, says=["s.txt:1: 't' is none of the 20 symbols"])
        (self.folder / "lower.txt").write_text((self.folder / "words.txt").read_text().lower())
        files, _ = self.ganymede("measure", "lower.txt", "s.txt")
        self.assertIn("chain of order 5", files)
        self.refused("measure", "words.txt", "a", "--metrics", "frechet", code=1, says=["frechet"])
        self.refused("measure", "words.txt", "a", "--paired", code=1, says=["neither in pairs"])

    def test_a_gan_of_characters_trains(self):
        (self.folder / "gan.yaml").write_text(GAN % {"symbols": 19})
        self.ganymede("train", "gan.yaml", "--out", "g", "--no-tune", "--quiet")
        out, _ = self.ganymede("sample", "g", "--seeds", "0-2")
        self.assertEqual([len(line) for line in out.splitlines()], [8] * 3)
        self.ganymede("measure", "words.txt", "g", "--samples", "64")
        self.refused("sample", "g", "--temperature", "0.5", code=1, says=["does not write symbol by symbol"])

    def test_gaps_are_filled_by_what_stands_around_them(self):
        long = ("--steps", "400", "--set", "log.checkpoint=400", "--set", "log.every=100")
        self.train("--out", "a", *long)
        # Which animal it is stands behind the gap alone; all other bytes stay, those that no symbol is for, too.
        given = "The _at sat  on m__ 3\r\nTHE _og Sat \u20ac on mat 2\tone c_t"
        filled = "The cat sat  on mat 3\r\nTHE dog Sat \u20ac on mat 2\tone cat"
        (self.folder / "given.txt").write_bytes(given.encode())
        _, err = self.ganymede("complete", "a", "given.txt", "-o", "filled.txt")
        self.assertIn("given.txt: 1 of its characters are none that the run knows", err)
        self.assertEqual((self.folder / "filled.txt").read_bytes(), filled.encode())
        (self.folder / "other.txt").write_bytes(given.replace("_", "\u2753").encode())
        out, _ = self.ganymede("complete", "a", "other.txt", "-o", "other-filled.txt", "--gap", "\u2753", "--json")
        self.assertEqual({key: json.loads(out)[key] for key in ("gaps", "characters")}, {"gaps": 4, "characters": 5})
        self.assertEqual((self.folder / "other-filled.txt").read_bytes(), filled.encode())
        figures = json.loads(self.ganymede("evaluate", "a", "--json")[0])
        for length in ("gaps of 1", "gaps of 3", "gaps of 5"):
            self.assertGreater(figures["filled"][length], figures["filled_before"][length] + .02)
            self.assertGreater(figures["filled"][length], figures["filled_most"][length] + .2)
            self.assertGreater(figures["filled_chain"][length], figures["filled_most"][length])
        # Of lines each is by itself.
        self.train("--out", "b", "--set", "data.text={items: lines, window: 24, lower: true}", *long)
        (self.folder / "given.txt").write_text("the _at sat on mat 3\n\nthe _og sat on mat 2")
        self.ganymede("complete", "b", "given.txt", "-o", "filled.txt")
        self.assertEqual((self.folder / "filled.txt").read_text(), "the cat sat on mat 3\n\nthe dog sat on mat 2")

    def test_gaps_that_cannot_be_filled_are_refused(self):
        self.train("--out", "a")
        for name, content in (("none.txt", b"the cat"), ("latin.txt", b"the c_t \xe9"), ("zero.txt", b"the\0c_t"),
                              ("some.txt", b"the c_t")):
            (self.folder / name).write_bytes(content)
        for words, code, says in ((("none.txt", "-o", "o.txt"), 1, "none.txt: holds no '_'"),
                                  (("latin.txt", "-o", "o.txt"), 1, "latin.txt: 1 of its bytes are no UTF-8"),
                                  (("zero.txt", "-o", "o.txt"), 1, "zero.txt:1: holds a byte of zero"),
                                  (("gone.txt", "-o", "o.txt"), 1, "gone.txt: cannot be opened"),
                                  (("some.txt", "-o", "some.txt"), 1, "some.txt: would replace itself"),
                                  (("some.txt", "-o", "o.txt", "--gap", "t"), 1, "'t' is one of the run's"),
                                  (("some.txt", "-o", "o.txt", "--gap", "__"), 1, "take one character such as _"),
                                  (("some.txt", "-o", "o.txt", "--class", "x"), 1, "was trained without classes"),
                                  (("some.txt", "none.txt", "-o", "o.txt"), 2, "expects one text at a time"),
                                  (("some.txt", "-o", "o.txt", "--box", "1,1,2,2"), 2, "the other options are of pictures"),
                                  (("some.txt", "-o", "o"), 2, "-o expects a name that ends in .txt"),
                                  (("some.png", "-o", "o", "--gap", "#"), 2, "--gap and --class are of texts")):
            self.refused("complete", "a", *words, code=code, says=[says])
            self.assertFalse((self.folder / "o.txt").exists())

    def test_a_model_is_told_classes(self):
        rows = ["text,of"]
        for i in range(200):
            for word, name in (("cat", "animals"), ("sun", "stars"))[::1 - i % 2 * 2]:
                rows.append(f"the {word} {i % 7},{name}")
                (self.folder / "books" / name).mkdir(parents=True, exist_ok=True)
                with open(self.folder / "books" / name / "1.txt", "a") as file:
                    file.write(f"the {word} {i % 7}\n")
        (self.folder / "rows.csv").write_text("\n".join(rows) + "\n")
        told = ("--set", "language=[{embedding: 6}, {embed: {classes: 2, size: 3}}, {gru: 16}]", "--steps", "300",
                "--set", "log.checkpoint=300", "--set", "log.every=100")
        for source, more in (("books", ()), ("rows.csv", ("--set", "data.text={window: 10, items: lines, column: text,"
                                                          " label: of}"))):
            with self.subTest(source=source):
                run = f"run-{source}"
                self.train("--out", run, "--data", source, *told, *more)
                for name, word, other in (("animals", "cat", "sun"), ("stars", "sun", "cat")):
                    out = self.ganymede("sample", run, "--class", name, "--count", "20", "--length", "24")[0]
                    self.assertGreater(out.count(word), 5 * out.count(other) + 5, out)
                figures = json.loads(self.ganymede("evaluate", run, "--json")[0])
                self.assertLess(figures["bits"] + .2, figures["bits_misled"])
        (self.folder / "held.txt").write_text("the cat 1 the sun 2")
        self.refused("evaluate", "run-books", "--data", "held.txt", code=1, says=["has no classes, which this model"])
        self.refused("sample", "run-books", "--class", "planets", code=1, says=["animals, stars"])
        self.refused("train", "lm.yaml", "--out", "c", "--no-tune", *told, code=1, says=["embed needs classes"])

    def test_a_writer_is_pretrained_before_its_steps(self):
        (self.folder / "writer.yaml").write_text(WRITER)
        whole = ("train", "writer.yaml", "--no-tune", "--quiet")
        self.ganymede(*whole, "--out", "a")
        log = [json.loads(line) for line in (self.folder / "a/log.jsonl").read_text().splitlines()]
        self.assertEqual([line.get("pretraining") for line in log], [*range(2, 31, 2), None, None])
        self.assertEqual([line["step"] for line in log], [0] * 15 + [2, 4])
        self.assertLess(log[14]["pretrain_loss"], log[0]["pretrain_loss"] - .1)
        kept = sorted(path.name for path in (self.folder / "a/checkpoints").iterdir())
        self.assertEqual(kept, ["00000000.safetensors", "00000004.safetensors"])
        # A text is its seed's, wherever it lies in a batch.
        texts = self.ganymede("sample", "a", "--seeds", "0-69")[0].splitlines()
        self.assertGreater(len(set(texts)), 60)
        for seed in (0, 64, 69):
            self.assertEqual(self.ganymede("sample", "a", "--seeds", str(seed))[0].splitlines(), [texts[seed]])
        # What pretraining left is measured beside the end, and is what checkpoint 0 gives by itself.
        both = json.loads(self.ganymede("measure", "words.txt", "a", "--samples", "50", "--json")[0])["texts"]
        start = json.loads(self.ganymede("measure", "words.txt", "a/checkpoints/00000000.safetensors", "--samples",
                                         "50", "--json")[0])["texts"]
        self.assertEqual(both["pretrained"], start["samples"])
        self.assertNotIn("pretrained", start)
        # The first step's averages are those of the pretrained weights.
        tensors = read_safetensors(self.folder / "a/checkpoints/00000000.safetensors")[0]
        self.assertEqual([value for *_, value in (tensors["step"], tensors["pretrain.done"])],
                         [bytes(8), (30).to_bytes(4, "little")])
        for name in ("0.weight", "0.0.hh_l0.weight"):
            self.assertEqual(tensors["generator_average." + name], tensors["generator." + name])

    def test_stopped_pretraining_goes_on_bit_for_bit(self):
        (self.folder / "writer.yaml").write_text(WRITER.replace("steps: 30", "steps: 2000"))
        whole = ("train", "writer.yaml", "--no-tune", "--set", "log.every=10", "--set", "log.checkpoint=500")
        self.ganymede(*whole, "--quiet", "--out", "a")
        last = "checkpoints/00000004.safetensors"
        for name, lines, number in (("b", 5, signal.SIGINT), ("c", 70, signal.SIGINT), ("d", 70, signal.SIGKILL)):
            with self.subTest(lines=lines, number=number):
                process = self.start(*whole, "--json", "--out", name)
                for _ in range(lines):
                    process.stdout.readline()
                code, _, err = self.stop(process, number)
                self.assertEqual(code, -number if number == signal.SIGKILL else 130)
                if number == signal.SIGINT:
                    self.assertIn("of pretraining; go on with: ganymede train --resume", err)
                resumed = self.ganymede("train", "--resume", name, "--no-tune", "--json")[0]
                self.assertIn('"pretraining": 2000', resumed)
                self.assertNotIn('"pretraining": 10,', resumed)
                self.assert_same_weights(self.folder / "a" / last, self.folder / name / last)
                self.assertEqual(read_log(self.folder / "a"), read_log(self.folder / name))
        self.refused("train", "writer.yaml", "--no-tune", "--out", "e", "--set", "generator=[dense: 152, reshape: "
                     "[19, 8], softmax]", code=1, says=["pretrain is for generators that end in the layer feedback"])

    def test_what_does_not_fit_is_refused(self):
        self.train("--out", "a")
        self.refused("sample", "a", "--start", "the !", code=1, says=["'!' is none of the", "symbols that are known"])
        self.refused("sample", "a", "--start", "the cat sat on", code=1, says=["has 14 symbols, and a text 12"])
        self.refused("sample", "a", "--temperature", "-1", code=2, says=["--temperature expects a number above 0"])
        self.refused("interpolate", "a", "--seeds", "0,1", "--frames", "4", "-o", "x.png", code=1,
                     says=["have no latents"])
        for settings, says in (("language=[dense: 4]", "begins with the layer embedding"),
                               ("language=[embedding: 4, attention]", "attention is none of those of a language model"),
                               ("language=[embedding: 4, gru: {units: 3, bidirectional: true}]", "nothing of what comes"),
                               ("data.text.form=one_hot", "takes symbols as numbers"),
                               ("data.text.windw=4", "did you mean 'window'?"),
                               ("data.text.window=5000", "fewer than the window of 5000")):
            self.refused("train", "lm.yaml", "--out", "b", "--no-tune", "--set", settings, code=1, says=[says])
            self.assertFalse((self.folder / "b").exists())


if __name__ == "__main__":
    unittest.main()
