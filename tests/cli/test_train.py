"""Training through the command: what a run folder holds, repeats bit for bit, survives SIGKILL and Ctrl-C."""
import json
import os
import re
import signal
import struct
import unittest

from command import CommandTest, checkpoints, read_log, read_npy, read_png, read_safetensors, write_idx, write_png


def write_npy(path, shape, values, descr="|u1"):
    """An array file of bytes, or of float32 with "<f4"."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    header += " " * (63 - (len(header) + 10) % 64) + "\n"
    content = bytes(values) if descr == "|u1" else struct.pack(f"<{len(values)}f", *values)
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + content)


class Train(CommandTest):
    def test_run_folder_holds_what_it_should(self):
        out, err = self.ganymede("train", "tiny.yaml")
        self.assertEqual(err, "")
        self.assertIn("step 20/20", out)
        self.assertIn("D(G(z))", out)
        run = self.folder / "runs" / "00000-tiny"
        self.assertTrue((run / "recipe.yaml").exists())
        self.assertEqual([line["step"] for line in read_log(run)], [5, 10, 15, 20])
        for key in ("discriminator_loss", "generator_loss", "real_score", "fake_score", "images"):
            self.assertIn(key, read_log(run)[0])
        self.assertEqual(sorted(p.name for p in (run / "samples").iterdir()),
                         ["00000000.png", "00000010.png", "00000020.png", "real.png"])
        for picture in (run / "samples").iterdir():
            self.assertEqual(picture.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        self.assertEqual(checkpoints(run), [0, 10, 20])
        tensors, metadata = read_safetensors(run / "checkpoints" / "00000020.safetensors")
        self.assertIn("generator.0.weight", tensors)
        self.assertIn("discriminator.1.weight", tensors)
        self.assertIn("generator.1.running_mean", tensors)
        self.assertIn("name: tiny", metadata["recipe"])
        self.ganymede("train", "tiny.yaml", "--quiet", "--steps", "1")
        self.assertTrue((self.folder / "runs" / "00001-tiny").exists())

    def test_resolved_recipe_trains_the_same(self):
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet")
        self.ganymede("train", "a/recipe.yaml", "--out", "b", "--quiet")
        self.assert_same_weights(self.folder / "a/checkpoints/00000020.safetensors",
                                 self.folder / "b/checkpoints/00000020.safetensors")

    def test_same_seed_repeats_bit_for_bit(self):
        for name in ("a", "b"):
            self.ganymede("train", "tiny.yaml", "--out", name, "--quiet")
        a, b = self.folder / "a", self.folder / "b"
        self.assertEqual(read_log(a), read_log(b))
        for file in ("checkpoints/00000000.safetensors", "checkpoints/00000010.safetensors",
                     "checkpoints/00000020.safetensors", "samples/00000020.png", "samples/real.png", "recipe.yaml"):
            self.assertEqual((a / file).read_bytes(), (b / file).read_bytes(), file)

    def test_another_seed_gives_other_weights(self):
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet", "--steps", "5")
        self.ganymede("train", "tiny.yaml", "--out", "b", "--quiet", "--steps", "5", "--seed", "6")
        a = read_safetensors(self.folder / "a/checkpoints/00000005.safetensors")[0]
        b = read_safetensors(self.folder / "b/checkpoints/00000005.safetensors")[0]
        self.assertNotEqual(a["generator.0.weight"], b["generator.0.weight"])

    def test_training_changes_both_networks(self):
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet")
        first = read_safetensors(self.folder / "a/checkpoints/00000000.safetensors")[0]
        last = read_safetensors(self.folder / "a/checkpoints/00000020.safetensors")[0]
        for name in first:
            if name.endswith((".weight", ".running_mean")):
                self.assertNotEqual(first[name], last[name], name)

    def test_layers_of_rate_0_keep_their_weights(self):
        frozen = ["--set", "generator.0={dense: {units: 8, rate: 0}}",
                  "--set", "discriminator.1={dense: {units: 8, rate: 0}}"]
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet", *frozen)
        first = read_safetensors(self.folder / "a/checkpoints/00000000.safetensors")[0]
        last = read_safetensors(self.folder / "a/checkpoints/00000020.safetensors")[0]
        still = {f"{layer}.{part}" for layer in ("generator.0", "discriminator.1") for part in ("weight", "bias")}
        moved = {name for name in first if name.endswith((".weight", ".bias")) and first[name] != last[name]}
        self.assertFalse(still & moved)
        self.assertLessEqual({"generator.3.weight", "generator.1.bias", "discriminator.3.weight"}, moved)
        self.ganymede("train", "--resume", "a", "--quiet", "--steps", "30", "--set",
                      "generator.0={dense: {units: 8, rate: 0.5}}")
        later = read_safetensors(self.folder / "a/checkpoints/00000030.safetensors")[0]
        self.assertNotEqual(later["generator.0.weight"], last["generator.0.weight"])
        self.assertEqual(later["discriminator.1.weight"], last["discriminator.1.weight"])
        self.refused("train", "tiny.yaml", "--out", "b", *frozen, "--set", "discriminator.3={dense: {units: 1, rate: 0}}",
                     code=1, says="every layer of the discriminator has the rate 0")

    def test_run_killed_and_resumed_continues_bit_for_bit(self):
        run = self.folder / "a"
        process = self.start("train", "tiny.yaml", "--out", "a", "--quiet", "--steps", "1000000")
        self.wait_for(lambda: (run / "checkpoints").exists() and checkpoints(run)[-1:] > [20], process)
        code, _, _ = self.stop(process)
        self.assertEqual(code, -signal.SIGKILL)
        steps = checkpoints(run)[-1] + 15
        self.ganymede("train", "--resume", "a", "--quiet", "--steps", steps)
        self.ganymede("train", "tiny.yaml", "--out", "b", "--quiet", "--steps", steps)
        straight = self.folder / "b"
        last = f"checkpoints/{steps:08d}.safetensors"
        self.assert_same_weights(run / last, straight / last)
        self.assertEqual(read_log(run), read_log(straight))
        for name in ("a", "b"):
            self.ganymede("sample", name, "--seeds", "0-8", "--npy", f"{name}.npy", "-o", f"{name}.png")
        self.assertEqual((self.folder / "a.npy").read_bytes(), (self.folder / "b.npy").read_bytes())
        self.assertEqual((self.folder / "a.png").read_bytes(), (self.folder / "b.png").read_bytes())

    def test_run_killed_before_its_first_checkpoint_resumes_from_the_start(self):
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet")
        self.ganymede("train", "tiny.yaml", "--out", "b", "--quiet")
        for file in (self.folder / "b" / "checkpoints").iterdir():
            file.unlink()
        self.ganymede("train", "--resume", "b", "--quiet")
        self.assert_same_weights(self.folder / "a/checkpoints/00000020.safetensors",
                                 self.folder / "b/checkpoints/00000020.safetensors")
        self.assertEqual(read_log(self.folder / "a"), read_log(self.folder / "b"))

    def test_ctrl_c_writes_a_checkpoint_and_exits_130(self):
        run = self.folder / "a"
        process = self.start("train", "tiny.yaml", "--out", "a", "--steps", "1000000")
        self.wait_for(lambda: (run / "checkpoints").exists() and checkpoints(run)[-1:] > [0], process)
        code, _, err = self.stop(process, signal.SIGINT)
        self.assertEqual(code, 130, err)
        self.assertIn("--resume", err)
        step = checkpoints(run)[-1]
        self.ganymede("train", "--resume", "a", "--quiet", "--steps", step + 3)
        self.ganymede("train", "tiny.yaml", "--out", "b", "--quiet", "--steps", step + 3)
        last = f"checkpoints/{step + 3:08d}.safetensors"
        self.assert_same_weights(run / last, self.folder / "b" / last)

    def test_resume_of_a_finished_run_changes_nothing(self):
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet")
        last = self.folder / "a/checkpoints/00000020.safetensors"
        before, log = last.read_bytes(), read_log(self.folder / "a", without=())
        self.ganymede("train", "--resume", "a", "--quiet")
        self.assertEqual(last.read_bytes(), before)
        self.assertEqual(read_log(self.folder / "a", without=()), log)

    def test_precision_that_the_device_lacks_is_said_once_and_changes_nothing(self):
        _, plain = self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet", env={"GANYMEDE_KERNELS": "cpu"})
        _, err = self.ganymede("train", "tiny.yaml", "--out", "b", "--quiet", "--set", "precision=bf16",
                               env={"GANYMEDE_KERNELS": "cpu"})
        self.assertEqual(plain, "")
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertIn("precision bf16 is not used, results are float32's", err)
        self.assertIn("\nprecision: bf16\n", (self.folder / "b/recipe.yaml").read_text())
        last = "checkpoints/00000020.safetensors"
        self.assert_same_weights(self.folder / "a" / last, self.folder / "b" / last)
        self.assertEqual(read_log(self.folder / "a"), read_log(self.folder / "b"))

    def test_lower_precision_trains_and_resumes(self):
        env = {"GANYMEDE_KERNELS": "gpu", "GANYMEDE_MATRIX": "emulated"}
        last = "checkpoints/00000020.safetensors"
        for name, precision in (("a", "float32"), ("b", "bf16")):
            _, err = self.ganymede("train", "tiny.yaml", "--out", name, "--quiet", "--set", f"precision={precision}",
                                   env=env)
            self.assertEqual(err, "")
        a, b = (read_safetensors(self.folder / name / last)[0]["generator.0.weight"] for name in ("a", "b"))
        self.assertNotEqual(a, b)
        self.ganymede("train", "tiny.yaml", "--out", "c", "--quiet", "--steps", 10, "--set", "precision=bf16", env=env)
        self.ganymede("train", "--resume", "c", "--quiet", "--steps", 20, env=env)
        self.assert_same_weights(self.folder / "b" / last, self.folder / "c" / last)

    def test_recipe_beside_a_resumed_run_is_compared(self):
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet", "--steps", "5")
        _, err = self.ganymede("train", "tiny.yaml", "--resume", "a", "--quiet", "--steps", "6")
        self.assertEqual(err, "")
        _, err = self.ganymede("train", "points.yaml", "--resume", "a", "--quiet", "--steps", "7")
        self.assertIn("points.yaml differs from the recipe of a", err)
        self.assertEqual(checkpoints(self.folder / "a")[-1], 7)

    def test_terminal_gets_one_line_rewritten_in_place(self):
        main, side = os.openpty()
        process = self.start("train", "tiny.yaml", "--out", "a", stdout=side)
        os.close(side)
        shown = b""
        while True:
            try:
                part = os.read(main, 4096)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            shown += part
        os.close(main)
        process.communicate(timeout=120)
        lines = [line for line in shown.decode().split("\n") if "\rstep" in line]
        self.assertEqual(len(lines), 1, shown)
        last = lines[0].rstrip().split("\r")[-1]
        self.assertRegex(last, r"^step 20/20  \d+ images/s  left 0:00:00  D ")
        self.assertLess(max(map(len, lines[0].split("\r"))), 80)

    def test_several_discriminator_steps(self):
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet", "--set", "discriminator_steps=3")
        self.ganymede("train", "tiny.yaml", "--out", "b", "--quiet", "--set", "discriminator_steps=3", "--steps", "10")
        self.ganymede("train", "--resume", "b", "--quiet", "--steps", "20")
        self.assertEqual(read_log(self.folder / "a")[-1]["images"], 20 * 3 * 4)
        self.assert_same_weights(self.folder / "a/checkpoints/00000020.safetensors",
                                 self.folder / "b/checkpoints/00000020.safetensors")

    def test_adaptive_augmentation_counts_every_image_that_the_discriminator_sees(self):
        # 4 x 2 images an update, 2,000 from 0 to 1; a target of -1 is always exceeded; shown as it was in the step.
        augment = "regularizers=[augment: { adaptive: yes, probability: 0.5, target: -1, images: 2000 }]"
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet", "--steps", "5", "--set", augment,
                      "--set", "accumulate=2")
        self.assertAlmostEqual(read_log(self.folder / "a")[-1]["augment_probability"], .5 + 4 * 8 / 2000, 6)

    def test_weight_clip_leaves_the_statistics_network_alone(self):
        self.ganymede("train", "points.yaml", "--out", "a", "--quiet", "--set", "loss=wasserstein", "--set",
                      "regularizers=[weight_clip: { limit: 0.01 }]", "--set", "entropy_term.weight=1")
        tensors = read_safetensors(self.folder / "a/checkpoints/00000010.safetensors")[0]
        largest = {network: max(abs(value) for name, (_, _, content) in tensors.items()
                                if name.startswith(network) and name.endswith("weight")
                                for value in struct.unpack(f"<{len(content) // 4}f", content))
                   for network in ("discriminator.", "statistics.")}
        self.assertLessEqual(largest["discriminator."], .0100001)
        self.assertGreater(largest["statistics."], .05)

    def test_donsker_varadhan_bound_keeps_its_moving_average(self):
        # 1, then ten times 1 % of a mean e^T that is near 1, as T is near 0
        term = "entropy_term={ weight: 1, bound: donsker_varadhan, network: [dense: 4, relu, dense: 1] }"
        for name, steps in (("a", 10), ("b", 5)):
            self.ganymede("train", "points.yaml", "--out", name, "--quiet", "--set", term, "--steps", steps)
        self.ganymede("train", "--resume", "b", "--quiet", "--steps", "10")
        tensors = read_safetensors(self.folder / "a/checkpoints/00000010.safetensors")[0]
        log_average = struct.unpack("<f", tensors["statistics.log_average"][2])[0]
        self.assertNotEqual(log_average, 0)
        self.assertLess(abs(log_average), .1)
        self.assert_same_weights(self.folder / "a/checkpoints/00000010.safetensors",
                                 self.folder / "b/checkpoints/00000010.safetensors")

    def test_recurrent_discriminator_trains_under_a_gradient_penalty(self):
        # An image as a sequence: rows are the channels, columns the positions.
        layers = "  - reshape: [8, 8]\n  - gru: { units: 6, last: true }\n"
        recipe = self.recipe.read_text().replace("  - flatten\n  - dense: 8\n", layers)
        self.recipe.write_text(recipe)
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet", "--steps", "10", "--set",
                      "regularizers=[r1: { gamma: 1 }]")
        first, last = (read_safetensors(self.folder / f"a/checkpoints/{step:08}.safetensors")[0] for step in (0, 10))
        for name in ("ih_l0.weight", "hh_l0.weight", "ih_l0.bias", "hh_l0.bias"):
            before, after = (tensors[f"discriminator.1.{name}"][2] for tensors in (first, last))
            self.assertNotEqual(before, after)
            self.assertTrue(all(abs(value) < 1 for value in struct.unpack(f"<{len(after) // 4}f", after)))

    def test_data_on_the_device_and_from_the_loader_train_the_same(self):
        for recipe, last in (("tiny.yaml", "00000020"), ("points.yaml", "00000010")):
            for name in ("yes", "no"):
                self.ganymede("train", recipe, "--out", f"{recipe}-{name}", "--quiet", "--set", f"data.resident={name}")
            self.assert_same_weights(self.folder / f"{recipe}-yes" / "checkpoints" / f"{last}.safetensors",
                                     self.folder / f"{recipe}-no" / "checkpoints" / f"{last}.safetensors")
        self.ganymede("train", "tiny.yaml", "--out", "b", "--quiet", "--set", "data.resident=no", "--steps", "7")
        self.ganymede("train", "--resume", "b", "--quiet", "--steps", "20")
        self.assert_same_weights(self.folder / "tiny.yaml-yes/checkpoints/00000020.safetensors",
                                 self.folder / "b/checkpoints/00000020.safetensors")

    def test_plan_with_a_buffer_per_value_trains_the_same(self):
        for recipe, last in (("tiny.yaml", "00000020"), ("points.yaml", "00000010")):
            self.ganymede("train", recipe, "--out", f"{recipe}-shared", "--quiet")
            self.ganymede("train", recipe, "--out", f"{recipe}-separate", "--quiet", env={"GANYMEDE_PLAN": "separate"})
            self.assert_same_weights(self.folder / f"{recipe}-shared" / "checkpoints" / f"{last}.safetensors",
                                     self.folder / f"{recipe}-separate" / "checkpoints" / f"{last}.safetensors")

    def test_json_prints_one_object_per_line_and_nothing_else(self):
        out, err = self.ganymede("train", "tiny.yaml", "--out", "a", "--json")
        self.assertEqual(err, "")
        events = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(events[0]["event"], "start")
        self.assertEqual(events[0]["batch"], 4)
        self.assertEqual([e["step"] for e in events[1:-1]], [5, 10, 15, 20])
        self.assertEqual(events[-1], {"event": "end", "status": "done", "step": 20})

    MONITOR = ("--set", "monitor={every: 10, samples: 128, warmup: 0}", "--set", "data.source=ring8")

    def test_monitored_run_repeats_and_resumes_with_the_same_log(self):
        for name, steps in (("a", 40), ("b", 40), ("c", 15)):
            self.ganymede("train", "points.yaml", "--out", name, "--quiet", "--steps", steps, *self.MONITOR)
        self.ganymede("train", "--resume", "c", "--quiet", "--steps", 40)
        a, b, c = (read_log(self.folder / name) for name in "abc")
        self.assertEqual(a, b)
        self.assertEqual(a, c)
        self.assertEqual([line["step"] for line in a if "jsd" in line], [10, 20, 30, 40])
        line = a[-1]
        for key in ("kl", "reverse_kl", "coverage", "entropy_fake", "entropy_real", "joint_entropy", "modes",
                    "conditional_entropy"):
            self.assertIsNotNone(line[key], key)
        marks = [(line[key] == 0, key + "_clipped" in line) for line in a if "jsd" in line
                 for key in ("jsd", "kl", "reverse_kl")]
        self.assertTrue(all(zero == mark for zero, mark in marks) and any(mark for _, mark in marks), marks)
        self.assertGreater(line["coverage_control"], .8)
        self.assertEqual(line["modes_control"], 8)
        self.assertEqual((line["monitor_real"], line["monitor_judge"]), ("held-out", "discriminator"))
        # Nothing was learnt yet, and no warm-up hides it: the resumed run remembers how long that has lasted.
        self.assertEqual([line.get("alarm") for line in a if "jsd" in line][:2], [None, "coverage"])

    def test_alarm_warns_once_or_stops_and_names_the_checkpoint(self):
        out, err = self.ganymede("train", "points.yaml", "--out", "a", "--steps", 40, *self.MONITOR)
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertIn("step 20: alarm: coverage is ", err)
        self.assertIn("  coverage 0", out)
        self.assertIn("monitoring took", out)
        self.refused("train", "points.yaml", "--out", "b", "--quiet", "--steps", 40, *self.MONITOR, "--set",
                     "monitor.alarm=stop", code=1,
                     says=["stopped by an alarm", "at step 20", "last good checkpoint is b/checkpoints/00000000"])
        self.assertEqual(read_log(self.folder / "b")[-1]["alarm"], "coverage")
        _, err = self.ganymede("train", "points.yaml", "--out", "c", "--quiet", "--steps", 40, *self.MONITOR, "--set",
                               "monitor.alarm=off")
        self.assertEqual(err, "")
        self.assertFalse(any("alarm" in line for line in read_log(self.folder / "c")))

    def test_too_few_items_turn_the_monitor_off(self):
        _, err = self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet", "--set", "monitor.every=5")
        self.assertIn("training is not monitored: ", err)
        self.assertIn("40 items", err)
        self.assertFalse(any("jsd" in line for line in read_log(self.folder / "a")))

    def test_images_without_another_split_are_monitored_by_a_probe(self):
        write_idx(self.folder / "images" / "train-images-idx3-ubyte", 200)
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet", "--set", "monitor.every=20")
        line = read_log(self.folder / "a")[-1]
        self.assertEqual((line["monitor_real"], line["monitor_judge"]), ("training", "probe"))
        self.assertRegex(line["monitor_features"], "^pca-")
        self.assertNotIn("kl", line)
        self.assertIn("jsd_control", line)

    def test_images_are_monitored_on_the_other_split(self):
        write_idx(self.folder / "images" / "t10k-images-idx3-ubyte", 150, factor=11)
        out, _ = self.ganymede("train", "tiny.yaml", "--out", "a", "--json", "--set", "monitor.every=20")
        line = read_log(self.folder / "a")[-1]
        self.assertEqual((line["monitor_real"], line["monitor_judge"]), ("held-out", "discriminator"))
        events = [json.loads(text) for text in out.splitlines()]
        self.assertEqual(events[-2]["jsd"], line["jsd"])
        self.assertGreater(events[-1]["monitor_share"], 0)

    def test_quiet_prints_nothing(self):
        self.assertEqual(self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet"), ("", ""))

    def test_dry_run_writes_nothing(self):
        before = sorted(self.folder.rglob("*"))
        out, _ = self.ganymede("train", "tiny.yaml", "--dry-run")
        self.assertIn("launches", out)
        self.assertIn(" of inputs", out)
        self.assertEqual(sorted(self.folder.rglob("*")), before)

    def test_profile_writes_a_table_and_a_trace(self):
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet", "--profile", "p")
        self.assertIn("kernel", (self.folder / "p" / "kernels.txt").read_text())
        self.assertTrue(json.loads((self.folder / "p" / "trace.json").read_text()))

    def test_waiting_for_data_shows_where_files_are_read_too_slowly(self):
        (self.folder / "pictures").mkdir()
        for i in range(8):
            write_png(self.folder / "pictures" / f"{i}.png", [bytes(8 * [16 * i + y]) for y in range(8)])
        words = "train", "tiny.yaml", "--data", "pictures", "--set", "data.hold=no", "--out"
        slow = self.shim("pictures", SHIM_SLOW="10")  # beside steps of a millisecond
        out, _ = self.ganymede(*words, "a", "--profile", "p", env=slow)
        ticks = [line for line in out.splitlines() if line.startswith("step ")]
        self.assertEqual(len(ticks), 4)
        for line in ticks[1:]:  # the first has the time of compiling
            self.assertRegex(line, r"  waiting for data \d+ %  ")
        self.assertRegex(out, r"\nwaiting for data took \d+ % of the time\n")
        profile = (self.folder / "p" / "kernels.txt").read_text()
        self.assertGreater(float(re.search(r"^waiting for data: (\d+\.\d) % of the time$", profile, re.M)[1]), 0)
        self.assertNotIn("waiting", (self.folder / "a" / "log.jsonl").read_text())  # equal runs have equal logs
        out, _ = self.ganymede(*words, "b", "--json", env=slow)
        events = [json.loads(text) for text in out.splitlines()]
        for event in events[2:-1]:
            self.assertTrue(.03 < event["waiting"] <= 1)
        self.assertTrue(.03 < events[-1]["waiting_share"] <= 1)
        self.assertEqual(self.ganymede(*words, "c", "--quiet", env=slow), ("", ""))
        held, _ = self.ganymede("train", "tiny.yaml", "--data", "pictures", "--out", "d", env=slow)
        self.assertNotIn("waiting", held)

    def test_vectors_train_and_sample(self):
        self.ganymede("train", "points.yaml", "--out", "a", "--quiet")
        self.ganymede("sample", "a", "--seeds", "0-99", "--npy", "a.npy", "-o", "a.png")
        shape, values = read_npy(self.folder / "a.npy")
        self.assertEqual(shape, (100, 2))
        self.assertEqual(len(set(values)), 200)
        content = (self.folder / "a.npy").read_bytes()
        (self.folder / "nan.npy").write_bytes(content[:-4] + struct.pack("<f", float("nan")))
        self.refused("train", "points.yaml", "--data", "nan.npy", code=1, says=["nan.npy: item 99 has ", "its value 1"])


class Sample(CommandTest):
    def test_sample_depends_on_its_own_seed_alone(self):
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet")
        self.ganymede("sample", "a", "--seeds", "0-99", "--npy", "all.npy")
        self.ganymede("sample", "a", "--seeds", "70,3", "--npy", "two.npy")
        shape, every = read_npy(self.folder / "all.npy")
        self.assertEqual(shape, (100, 1, 8, 8))
        self.assertTrue(all(0 <= v <= 1 for v in every))
        shape, two = read_npy(self.folder / "two.npy")
        self.assertEqual(shape, (2, 1, 8, 8))
        self.assertEqual(two, every[70 * 64:71 * 64] + every[3 * 64:4 * 64])
        self.assertNotEqual(every[:64], every[64:128])

    def test_sample_of_one_checkpoint_file(self):
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet")
        for name, source in (("run", "a"), ("last", "a/checkpoints/00000020.safetensors"),
                             ("first", "a/checkpoints/00000000.safetensors")):
            self.ganymede("sample", source, "--seeds", "0-3", "--npy", f"{name}.npy")
        read = {name: (self.folder / f"{name}.npy").read_bytes() for name in ("run", "last", "first")}
        self.assertEqual(read["run"], read["last"])
        self.assertNotEqual(read["run"], read["first"])

    def test_codes_are_the_seeds_the_callers_or_swept_along_the_columns(self):
        self.ganymede("train", "points.yaml", "--out", "a", "--quiet", "--steps", "3", "--set", "codes.categorical=[3]",
                      "--set", "discriminator=[dense: 8, relu, {head: {name: codes, layers: [dense: 3]}}, dense: 1]")
        def sample(*words):
            self.ganymede("sample", "a", "--npy", "s.npy", *words)
            values = read_npy(self.folder / "s.npy")[1]
            return [tuple(values[i:i + 2]) for i in range(0, len(values), 2)]
        swept = sample("--seeds", "4,6", "--codes", "0..2", "--grid", "3x2")
        self.assertEqual(len(set(swept)), 6)
        self.assertEqual([swept[1], swept[4]], sample("--seeds", "4,6", "--codes", "1"))
        self.assertEqual([swept[1], swept[3]], sample("--seeds", "4,6"))  # 4 mod 3 = 1, 6 mod 3 = 0
        self.assertEqual([swept[1], swept[3]], sample("--seeds", "4,6", "--codes", "*"))
        self.assertEqual(len(sample("--codes", "2..0")), 80)  # ten columns, eight rows
        self.assertEqual(sample("--codes", "0..2", "--grid", "3x5"), sample("--seeds", "0-4", "--codes", "0..2",
                                                                            "--grid", "3x5"))

    def test_grid_has_the_size_asked_for(self):
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet", "--steps", "1")
        out, _ = self.ganymede("sample", "a", "--seeds", "0-5", "--grid", "3x2", "-o", "grid.png")
        self.assertEqual(out.strip(), "grid.png")
        picture = (self.folder / "grid.png").read_bytes()
        width, height = (int.from_bytes(picture[i:i + 4], "big") for i in (16, 20))
        self.assertGreaterEqual(width, 3 * 8)
        self.assertLess(width, 4 * 8 + 16)
        self.assertLess(height, width)

    def test_grid_alone_says_how_many(self):
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet", "--steps", "1")
        for grid, count in ("6x6", 36), ("9x1", 9), (None, 64):
            self.ganymede("sample", "a", *(["--grid", grid] if grid else []), "--npy", "s.npy", "-o", "s.png")
            self.assertEqual(read_npy(self.folder / "s.npy")[0], (count, 1, 8, 8), grid)
            width, height, rows = read_png(self.folder / "s.png")
            columns, lines = map(int, (grid or "8x8").split("x"))
            self.assertEqual((width, height), (10 * columns - 2, 10 * lines - 2), grid)
            self.assertNotEqual(set(rows[-1][-8:]), {255}, "the last cell is empty")
        self.refused("sample", "a", "--grid", "6x6", "--seeds", "0-63", code=2, says="36 cells for 64 samples")

    def test_ending_of_the_output_says_its_format(self):
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet", "--steps", "1")
        self.ganymede("sample", "a", "--seeds", "3,5", "--npy", "a.npy")
        out, _ = self.ganymede("sample", "a", "--seeds", "3,5", "-o", "b.npy")
        self.assertEqual(out, "b.npy\n")
        self.assertEqual((self.folder / "b.npy").read_bytes(), (self.folder / "a.npy").read_bytes())


class Kinds(CommandTest):
    """What samples are, as the command shows it: points, images of any size and number of channels, tables."""

    def test_progress_names_what_is_learned_from(self):
        for recipe, noun, other in (("points.yaml", "points", "images"), ("tiny.yaml", "images", "points")):
            out, _ = self.ganymede("train", recipe, "--out", f"{noun}-text", "--no-tune")
            self.assertRegex(out, rf"\nstep 5/\d+  \d+ {noun}/s  left ")
            self.assertRegex(out, rf"\ndata: .*, \d+ {noun} of ")
            self.assertNotIn(f"{other}/s", out)
            out, _ = self.ganymede("train", recipe, "--out", f"{noun}-json", "--no-tune", "--json")
            step = json.loads(out.splitlines()[1])
            self.assertGreater(step[f"{noun}_per_s"], 0)
            self.assertNotIn(f"{other}_per_s", step)

    def test_images_of_five_channels_train_and_are_drawn_in_false_colours(self):
        # Each image has one bright channel: item i the i-th of five.
        pixels = [255 if c == i % 5 else 0 for i in range(40) for c in range(5) for _ in range(6 * 5)]
        write_npy(self.folder / "five.npy", (40, 5, 6, 5), pixels)
        self.ganymede("train", "tiny.yaml", "--data", "five.npy", "--out", "a", "--no-tune", "--quiet", "--set",
                      "generator=[dense: 150, sigmoid, reshape: [5, 6, 5]]", "--set", "log.grid=[2, 5]")
        self.assertEqual(sorted(p.name for p in (self.folder / "a" / "samples").iterdir()),
                         ["00000000.png", "00000010.png", "00000020.png", "real.png"])
        width, height, rows = read_png(self.folder / "a" / "samples" / "real.png")
        self.assertEqual((width, height, len(rows[0])), (5 * 7 - 2, 2 * 8 - 2 + 5 * 10, 3 * width))
        # cells of 5 x 6, gaps of 2; a line of 10 for each channel in the legend
        colours = {tuple(rows[8 * y + 3][3 * (7 * x + 2):][:3]) for y in range(2) for x in range(5)}
        self.assertGreaterEqual(len(colours), 2)
        self.assertLessEqual(len(colours), 5)  # one for each channel
        self.assertTrue(any(len(set(colour)) > 1 for colour in colours), "grey")
        self.ganymede("sample", "a", "--npy", "a.npy", "--seeds", "0-2", "-o", "a.png")
        self.assertEqual(read_npy(self.folder / "a.npy")[0], (3, 5, 6, 5))
        self.assertEqual(len(read_png(self.folder / "a.png")[2][0]) % 3, 0)

    def test_table_of_text_trains_as_the_array_does(self):
        rows = [(i * 7 % 11 / 8 - .5, i * 5 % 13 / 4 - 1) for i in range(40)]
        write_npy(self.folder / "rows.npy", (40, 2), [value for row in rows for value in row], "<f4")
        (self.folder / "rows.csv").write_text("x,y\n" + "".join(f"{x},{y}\n" for x, y in rows))
        recipe = (self.folder / "points.yaml").read_text()
        for name in "csv", "npy":
            (self.folder / f"{name}.yaml").write_text(recipe.replace("ring8", f"rows.{name}"))
            self.ganymede("train", f"{name}.yaml", "--out", name, "--no-tune", "--quiet")
        self.assert_same_weights(self.folder / "csv/checkpoints/00000010.safetensors",
                                 self.folder / "npy/checkpoints/00000010.safetensors")
        self.assertEqual((self.folder / "csv/samples/real.png").read_bytes(),
                         (self.folder / "npy/samples/real.png").read_bytes())
        (self.folder / "rows.csv").write_text("x,y\n1,2\n3\n")
        self.refused("train", "csv.yaml", "--out", "b", code=1, says="rows.csv:3")

    def test_size_is_height_and_width(self):
        wide = ("--set", "data.size=[6, 12]", "--set", "generator=[dense: 72, sigmoid, reshape: [1, 6, 12]]")
        out, _ = self.ganymede("train", "tiny.yaml", "--out", "a", "--no-tune", *wide)
        self.assertIn(" images of 1x6x12", out)
        self.assertIn("\n  size: [6, 12]\n", (self.folder / "a" / "recipe.yaml").read_text())
        width, height, _ = read_png(self.folder / "a" / "samples" / "real.png")
        self.assertEqual((width, height), (8 * 14 - 2, 8 * 8 - 2))
        self.ganymede("train", "a/recipe.yaml", "--out", "b", "--no-tune", "--quiet")
        self.assert_same_weights(self.folder / "a/checkpoints/00000020.safetensors",
                                 self.folder / "b/checkpoints/00000020.safetensors")
        self.ganymede("sample", "a", "--seeds", "0", "--npy", "one.npy")
        self.assertEqual(read_npy(self.folder / "one.npy")[0], (1, 1, 6, 12))
        out, _ = self.ganymede("train", "tiny.yaml", "--dry-run", "--set", "data.size=8")
        self.assertIn("\n  size: 8\n", out)
        for wrong in "[6]", "[6, 0]", "[6, 12, 3]", "6x12":
            self.refused("train", "tiny.yaml", "--set", f"data.size={wrong}", code=1, says="data.size must be ")


class Bench(CommandTest):
    def test_bench_step_prints_one_object(self):
        out, _ = self.ganymede("bench", "step", "tiny.yaml", "--steps", "3", "--json")
        result = json.loads(out)
        self.assertEqual(list(result), ["recipe", "device", "batch", "median_ms", "images_per_s", "gflop_per_step",
                                        "launches", "kernels", "device_bytes", "unplanned_bytes", "build_ms"])
        for key in ("median_ms", "images_per_s", "gflop_per_step", "launches", "kernels", "device_bytes",
                    "unplanned_bytes"):
            self.assertGreater(result[key], 0, key)
        self.assertEqual((result["recipe"], result["batch"]), ("tiny", 4))
        out, _ = self.ganymede("bench", "step", "points.yaml", "--steps", "3", "--json")
        self.assertGreater(json.loads(out)["points_per_s"], 0)
        self.assertGreaterEqual(result["build_ms"], 0)
        self.assertFalse((self.folder / "runs").exists())

    def test_bench_of_an_operation_prints_one_object(self):
        for more, name in (((), "gemm 32 48 64"), (("--batch", "3"), "gemm 32 48 64 batch 3"),
                           (("--batch", "3", "--gradients"), "gemm 32 48 64 batch 3 with gradients"),
                           (("--gradients", "--constant", "b"), "gemm 32 48 64 with gradients")):
            out, _ = self.ganymede("bench", "gemm", "32", "48", "64", *more, "--json")
            self.assertGreater(json.loads(out)["median_ms"], 0)
            self.assertEqual(json.loads(out)["operation"], name)

    def test_bench_of_layers_takes_what_a_recipe_takes(self):
        for layers, sizes in (("conv: { channels: 32, kernel: 5, stride: 2 }", (16, 32, 129)),
                              ("[flatten, dense: 128, relu]", (64, 16, 16))):  # enough for digits in GFLOP/s
            out, _ = self.ganymede("bench", "layers", layers, *sizes, "--json")
            both = json.loads(out)
            self.assertEqual(both["operation"], f"{layers} {' '.join(map(str, sizes))}")
            self.assertGreater(both["median_ms"], 0)
            out, _ = self.ganymede("bench", "layers", layers, *sizes, "--forward", "--json")
            # As many operations forward as to the input and to the weights.
            ratio = both["gflops"] * both["median_ms"] / (json.loads(out)["gflops"] * json.loads(out)["median_ms"])
            self.assertAlmostEqual(ratio, 3, delta=0.1)
        self.refused("bench", "layers", "conv: 3", 1, 2, 3, code=1, says="layers:1: conv needs 'kernel'")
        self.refused("bench", "layers", "dense: 5", 4, 7, 8, code=1, says="layer 0 (dense): it takes vectors")
        self.refused("bench", "layers", "[dense: 5", 4, 7, code=1, says="layers:")


class Devices(CommandTest):
    def test_devices_lists_the_default(self):
        out, _ = self.ganymede("devices")
        self.assertEqual(sum(line.startswith("*") for line in out.splitlines()), 1)

    def test_devices_as_json(self):
        out, _ = self.ganymede("devices", "--json")
        devices = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(sum(d["chosen"] for d in devices), 1)
        for device in devices:
            self.assertIn(device["type"], ("cpu", "gpu", "accelerator", "other"))
            self.assertGreater(device["compute_units"], 0)


if __name__ == "__main__":
    unittest.main()
