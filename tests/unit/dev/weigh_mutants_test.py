# SPDX-License-Identifier: Apache-2.0
"""dev/weigh-mutants on findings of its own."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "dev/weigh-mutants"

SOURCE = """
class C:
    def xǁCǁf__mutmut_orig(self, n=10):
        raise Error('it broke', 'mend it')
    def xǁCǁf__mutmut_1(self, n=10):
        raise Error('XXit brokeXX', 'mend it')
    def xǁCǁf__mutmut_2(self, n=10):
        raise Error('it broke', 'MEND IT')
    def xǁCǁf__mutmut_3(self, n=10):
        raise Error('it broke')
    def xǁCǁf__mutmut_4(self, n=11):
        raise Error('it broke', 'mend it')
def x_g__mutmut_orig(a):
    return a > 1 and a > 2
def x_g__mutmut_1(a):
    return a > 1 and a >= 2
"""


class WeighMutants(unittest.TestCase):
    def weigh(self, codes, entries, *options):
        with tempfile.TemporaryDirectory() as root:
            at = pathlib.Path(root)
            (at / "m.py").write_text(SOURCE)
            (at / "m.py.meta").write_text(json.dumps({"exit_code_by_key": codes}))
            (at / "list").write_text("# reasons\n" + "\n".join(entries))
            done = subprocess.run([sys.executable, PROGRAM, *options, at, at / "list"], stdout=subprocess.PIPE, text=True, timeout=60)
            return done.returncode, done.stdout.splitlines()

    def f(self, *numbers, code=0):
        return {f"p.m.xǁCǁf__mutmut_{n}": code for n in numbers}

    def test_what_is_found_is_not_weighed(self):
        self.assertEqual(self.weigh(self.f(1, 2, 3, 4, code=1), []), (0, ["0 survivors that mean something (at most 3), 0 that do not (list)"]))

    def test_words_in_any_form_and_none_at_all(self):
        code, lines = self.weigh(self.f(1, 2, 3), ["words: 'mend it'"])
        self.assertEqual((code, lines[0], lines[-1]), (0, "p.m.xǁCǁf__mutmut_1: m.C.f", "1 survivors that mean something (at most 3), 2 that do not (list)"))

    def test_a_change_is_of_its_function_alone(self):
        self.assertEqual(self.weigh(self.f(4), ["m.C.f: n=10 => n=11"])[1][-1], "0 survivors that mean something (at most 3), 1 that do not (list)")
        self.assertEqual(self.weigh(self.f(4), ["m.g: n=10 => n=11"])[1][-1], "1 survivors that mean something (at most 3), 0 that do not (list)")

    def test_a_change_is_in_one_place(self):
        found = {"p.m.x_g__mutmut_1": 0}
        self.assertEqual(self.weigh(found, ["m.g: > => >="])[1][-1], "0 survivors that mean something (at most 3), 1 that do not (list)")
        self.assertEqual(self.weigh(found, ["m.g: a > 1 => a >= 1"])[1][-1], "1 survivors that mean something (at most 3), 0 that do not (list)")

    def test_more_than_three_are_too_many_and_those_that_no_test_runs_count(self):
        code, lines = self.weigh(self.f(1, 2, 3) | self.f(4, code=33), [])
        self.assertEqual((code, lines[-1]), (1, "4 survivors that mean something (at most 3), 0 that do not (list)"))
        self.assertIn("p.m.xǁCǁf__mutmut_4: m.C.f (no test runs it)", lines)

    def test_entries_that_were_not_needed_are_said_of_a_whole_run(self):
        self.assertIn("list:2: no survivor is like this any more: words: 'gone'", " ".join(self.weigh({}, ["words: 'gone'"], "--whole")[1]))
        self.assertEqual(len(self.weigh({}, ["words: 'gone'"])[1]), 1)


if __name__ == "__main__":
    unittest.main()
