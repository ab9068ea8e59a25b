"""Tests of the harness itself: python3 bench/compare_test.py. They need neither torch nor fdl."""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

import arms
import compare
import fdl_events
import spread
from jobs import JOBS

# Stands for fdl: `run` writes events of 2 threads, `eval` answers.
STAND_IN = """#!{python}
import json, pathlib, sys
if sys.argv[1] == "eval":
    assert (pathlib.Path(sys.argv[2]) / "events.jsonl").is_file()
    print(json.dumps({{"test/loss": 0.2, "test/accuracy": 0.92}}))
    sys.exit()
told = dict(word.split("=", 1) for word in sys.argv[3:])
assert told["training.seed"] == "43"
run = pathlib.Path(told["output.dir"], "job", "1")
run.mkdir(parents=True)
events = [{{"event": "start", "time_s": 0.5, "threads": 2}}]
for epoch in range(1, int(told["training.epochs"]) + 1):
    events.append({{"event": "epoch", "train_seconds": 0.5 / epoch, "num_steps": 10,
                   "train/loss": 1 / epoch}})
events.append({{"event": "end", "reason": "done"}})
(run / "events.jsonl").write_text("".join(json.dumps(event) + chr(10) for event in events))
"""


def lines(*events: dict) -> str:
    return "\n".join(json.dumps(event) for event in events) + "\n"


START = {"event": "start", "time_s": 0.5, "threads": 2, "torch": "2.11.0"}
SLOW = {"event": "epoch", "epoch": 1, "train_seconds": 9.0, "num_steps": 10, "train/loss": 2.0}
FAST = {"event": "epoch", "epoch": 2, "train_seconds": 1.0, "num_steps": 10, "train/loss": 1.0}
END = {"event": "end", "reason": "done", "time_s": 12.0}


class Scaled(unittest.TestCase):
    def words_of(self, arm: str, job: str, batch: int) -> list[str]:
        """The command that an arm would run."""
        setup = arms.Setup(JOBS[job], Path("fdl"), Path("python"), 2, None, None, batch)
        with unittest.mock.patch.object(arms, "run_process", side_effect=arms.RunFailed) as run:
            with self.assertRaises(arms.RunFailed):
                arms.run_arm(setup, arm, 3, 42)
        return [str(word) for word in run.call_args.args[0]]

    def test_both_sides_take_the_same_batch_and_as_many_batches(self):
        ours, peer = (self.words_of(arm, "feedback_fixed", 16) for arm in ("fdl", "compile"))
        self.assertEqual(ours[2:4], [str(JOBS["iterative_refine"].manifest), "feedback"])
        self.assertIn("training.batch_size=16", ours)
        self.assertIn("data.train.synthetic.samples=800", ours)
        for words in (["--batch", "16"], ["--model", "feedback_fixed"], ["--arm", "compile"]):
            at = peer.index(words[0])
            self.assertEqual(peer[at:at + 2], words)
        self.assertNotIn("--batch", self.words_of("eager", "mlp", 0))

    def test_manifests_and_jobs_have_one_batch_size(self):
        for name, job in JOBS.items():
            if job.batch and not job.preset:
                self.assertIn(f"batch_size: {job.batch},", job.manifest.read_text(), name)


class Events(unittest.TestCase):
    def test_the_first_epoch_does_not_count_in_the_step_time(self):
        figures = fdl_events.read_events(lines(START, SLOW, FAST, END))
        self.assertEqual(figures["step_ms"], [900.0, 100.0])
        self.assertEqual(figures["step_ms_median"], 100.0)
        self.assertEqual(figures["threads"], 2)
        self.assertEqual(figures["final_loss"], 1.0)

    def test_a_single_epoch_counts(self):
        self.assertEqual(fdl_events.read_events(lines(SLOW, END))["step_ms_median"], 900.0)

    def test_only_step_one_tells_the_latency(self):
        late = {"event": "progress", "step": 50, "time_s": 3.0}
        self.assertIsNone(fdl_events.read_events(lines(late, SLOW, END))["first_step_s"])
        first = {"event": "progress", "step": 1, "time_s": 0.7}
        self.assertEqual(fdl_events.read_events(lines(first, late, SLOW, END))["first_step_s"], 0.7)

    def test_accuracy_on_the_test_split_is_found(self):
        test = {"event": "eval", "split": "test", "test/accuracy": 0.92}
        self.assertEqual(fdl_events.read_events(lines(SLOW, test, END))["test_accuracy"], 0.92)
        self.assertIsNone(fdl_events.read_events(lines(SLOW, END))["test_accuracy"])

    def test_an_unfinished_run_is_refused(self):
        stopped = END | {"reason": "interrupted"}
        for text in (lines(START, END), lines(SLOW), lines(SLOW, stopped)):
            with self.assertRaises(fdl_events.RunFailed):
                fdl_events.read_events(text)

    def test_two_run_folders_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("a", "b"):
                run = Path(folder) / "mlp" / name
                run.mkdir(parents=True)
                (run / "events.jsonl").touch()
                if name == "a":
                    self.assertEqual(fdl_events.find_run_folder(Path(folder)), run)
            with self.assertRaises(fdl_events.RunFailed):
                fdl_events.find_run_folder(Path(folder))


class Spread(unittest.TestCase):
    def test_one_outlier_does_not_move_it(self):
        self.assertAlmostEqual(spread.spread([1, 2, 3, 4, 1000]), 1.4826)

    def test_noise_common_to_a_round_cancels(self):
        eager = [2.0, 4.0, 8.0, 16.0]
        low, high = spread.ratio_interval(eager, [value / 2 for value in eager])
        self.assertEqual((low, high), (2.0, 2.0))

    def test_the_interval_holds_the_ratio(self):
        low, high = spread.ratio_interval([3.0, 3.2, 2.9, 3.1, 3.0], [1.0, 1.1, 0.9, 1.2, 1.0])
        self.assertLess(low, 3.0)
        self.assertGreaterEqual(high, 3.0)
        self.assertLess(high - low, 1.5)

    def test_unequal_rounds_are_refused(self):
        with self.assertRaises(ValueError):
            spread.ratio_interval([1.0], [1.0, 2.0])


class Compare(unittest.TestCase):
    def test_each_arm_starts_a_round_in_turn(self):
        orders = [compare.rotated(["a", "b", "c"], turn) for turn in range(4)]
        self.assertEqual([order[0] for order in orders], ["a", "b", "c", "a"])
        self.assertTrue(all(sorted(order) == ["a", "b", "c"] for order in orders))

    def test_a_row_says_how_many_times_faster(self):
        results = [{"round": i, "arm": arm, "step_ms_median": ms}
                   for i in range(3) for arm, ms in (("fdl", 1.0), ("eager", 4.0))]
        step = compare.QUANTITIES[0]
        self.assertEqual(compare.row(step, results, "fdl"),
                         ["fdl", "1.000", "0.000", "4.00", "4.00 .. 4.00"])

    def test_rounds_are_paired_whatever_their_order(self):
        results = [{"round": 1, "arm": "fdl", "x": 5}, {"round": 0, "arm": "fdl", "x": 4}]
        self.assertEqual(compare.values_of(results, "fdl", "x"), [4, 5])

    def test_unequal_work_is_refused(self):
        results = [{"arm": "fdl", "num_steps": [32, 32]}, {"arm": "eager", "num_steps": [32, 31]}]
        compare.refuse_unequal_steps(results[:1])
        with self.assertRaisesRegex(fdl_events.RunFailed, "eager took"):
            compare.refuse_unequal_steps(results)

    def test_bad_arguments_are_refused(self):
        for bad in (["nojob"], ["mlp", "--arms", "fdl,jax"], ["mlp", "--data", "x"],
                    ["mlp", "--arms", "eager_dataloader"], ["mlp", "--rounds", "0"]):
            quiet = contextlib.redirect_stderr(io.StringIO())
            with self.subTest(bad), quiet, self.assertRaises(SystemExit):
                compare.parse(bad)


class Processes(unittest.TestCase):
    def test_failure_carries_the_reason(self):
        with self.assertRaisesRegex(fdl_events.RunFailed, "exit 3 of: sh(.|\n)*no such thing"):
            arms.run_process(["sh", "-c", "echo no such thing >&2; exit 3"], {})

    def test_the_environment_is_passed_on(self):
        finished = arms.run_process(["sh", "-c", "echo $OMP_NUM_THREADS"], {"OMP_NUM_THREADS": "7"})
        self.assertEqual(finished.stdout, "7\n")
        self.assertGreater(finished.wall_s, 0)

    def test_settings_of_fdl_do_not_leak_in(self):
        leaking = {"FDL_ENV": "x", "fdl_set__training__epochs": "9", "KEPT": "k"}
        with unittest.mock.patch.dict(os.environ, leaking):
            output = arms.run_process(["env"], {}).stdout
        names = [line.split("=")[0] for line in output.splitlines()]
        self.assertIn("KEPT", names)
        self.assertFalse({"FDL_ENV", "fdl_set__training__epochs"} & set(names))

    def run_stand_in(self, threads: int) -> dict:
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "fdl"
            program.write_text(STAND_IN.format(python=sys.executable))
            program.chmod(0o755)
            setup = arms.Setup(JOBS["fashion"], program, Path(sys.executable), threads, None, None)
            return arms.run_arm(setup, "fdl", epochs=5, seed=43)

    def test_a_run_and_its_evaluation_give_one_set_of_figures(self):
        figures = self.run_stand_in(threads=2)
        self.assertEqual(len(figures["step_ms"]), 5)
        self.assertAlmostEqual(figures["step_ms_median"], 1e3 * (0.5 / 3 + 0.5 / 4) / 2 / 10)
        self.assertEqual(figures["test_accuracy"], 0.92)
        self.assertGreater(figures["peak_rss_mib"], 1)

    def test_another_thread_count_is_refused(self):
        with self.assertRaisesRegex(fdl_events.RunFailed, "2 threads, expected 1"):
            self.run_stand_in(threads=1)


if __name__ == "__main__":
    unittest.main()
