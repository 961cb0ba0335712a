# SPDX-License-Identifier: Apache-2.0
"""dev/check-includes on small trees of its own."""

import pathlib
import subprocess
import tempfile
import unittest

PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "dev/check-includes"


class CheckIncludes(unittest.TestCase):
    def check(self, files):
        """Exit code and printed lines for a tree of `files`: path → text."""
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                at = pathlib.Path(root, path)
                at.parent.mkdir(parents=True, exist_ok=True)
                at.write_text(text)
            done = subprocess.run([PROGRAM, root], stdout=subprocess.PIPE, text=True, timeout=60)
            return done.returncode, done.stdout.splitlines()

    def test_downward_and_beside_is_fine(self):
        self.assertEqual(self.check({
            "runtime/core/a.hpp": "#pragma once\n",
            "runtime/core/b.cpp": '#include "b.hpp"\n#include "runtime/core/a.hpp"\n',
            "runtime/core/b.hpp": "#include <vector>\n",
            "runtime/actors.hpp": '#include "runtime/workers/w.hpp"\n#include <caf/atom.hpp>\n',
            "runtime/workers/w.hpp": "#pragma once\n",
            "runtime/workers/w.cpp": '#include "runtime/actors.hpp"\n',
            "transports/caf/c.cpp": '#include "transports/transports.hpp"\n#include "transports/tls/t.hpp"\n#include <caf/all.hpp>\n',
            "include/ockam/endpoint.hpp": '#include "runtime/core/a.hpp"\n',
            "cli/node/main.cpp": "#include <ockam/endpoint.hpp>\n",
            "tests/unit/runtime/core/a_test.cpp": '#include "runtime/core/a.hpp"\n#include <caf/actor.hpp>\n',
            "build/x/generated.cpp": '#include "nowhere/else.hpp"\n',
        }), (0, ["includes go one way"]))

    def test_upward_names_file_line_and_rule(self):
        code, lines = self.check({
            "runtime/core/a.cpp": '// a\n#include <string>\n  # include "runtime/workers/worker.hpp"\n',
            "runtime/workers/w.cpp": '#include "runtime/links/dialer.hpp"\n#include <ockam/service.hpp>\n',
            "transports/stream/s.cpp": '#include "transports/tls/tls_stream.hpp"\n#include "transports/endpoint_checks.hpp"\n',
        })
        self.assertEqual(code, 1)
        self.assertEqual(lines, [
            "runtime/core/a.cpp:3: includes runtime/workers/worker.hpp: runtime/workers is above runtime/core",
            "runtime/workers/w.cpp:1: includes runtime/links/dialer.hpp: runtime/links is above runtime/workers",
            "runtime/workers/w.cpp:2: includes include/ockam/service.hpp: include/ockam is above runtime/workers",
            "transports/stream/s.cpp:1: includes transports/tls/tls_stream.hpp: transports/tls is above transports/stream",
            "transports/stream/s.cpp:2: includes transports/endpoint_checks.hpp: transports is above transports/stream",
        ])

    def test_a_header_beside_is_found_wherever_its_path_leads(self):
        code, lines = self.check({"runtime/core/a.cpp": '#include "../net/reactor.hpp"\n', "runtime/net/reactor.hpp": ""})
        self.assertEqual((code, lines), (1, ["runtime/core/a.cpp:1: includes runtime/net/reactor.hpp: runtime/net is above runtime/core"]))

    def test_caf_is_for_the_actors_of_the_runtime(self):
        code, lines = self.check({path: "#include <caf/actor.hpp>\n" for path in (
            "runtime/core/a.hpp", "identity/vault.cpp", "runtime/workers/worker.hpp", "services/echo.hpp", "transports/udp/u.cpp",
            "runtime/workers/pool_host.cpp", "runtime/net/caf_reactor.cpp", "runtime/node/node.cpp", "transports/caf/caf_stream.cpp")})
        self.assertEqual(code, 1)
        self.assertEqual(sorted(line.split(":")[0] for line in lines), sorted(
            ["runtime/core/a.hpp", "identity/vault.cpp", "runtime/workers/worker.hpp", "services/echo.hpp", "transports/udp/u.cpp"]))
        self.assertTrue(all(line.endswith("only runtime's actors and transports/caf include CAF") for line in lines))

    def test_identity_includes_core_alone(self):
        code, lines = self.check({"identity/vault.cpp": '#include "runtime/core/hex.hpp"\n#include "runtime/net/reactor.hpp"\n'})
        self.assertEqual((code, len(lines)), (1, 1))

    def test_a_folder_without_a_layer_is_told(self):
        code, lines = self.check({"metrics/page.cpp": ""})
        self.assertEqual((code, lines), (1, ["metrics/page.cpp:1: has no layer; give its folder a place in LAYERS of dev/check-includes"]))


if __name__ == "__main__":
    unittest.main()
