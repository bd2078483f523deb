#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Conformance to RFC 9113 (sections 3 to 8) and RFC 7541, as a client sees it, in the clear and
over TLS.

    run.py [--list] [WORD...]

With WORDs only the cases with one of them in their names run; --list shows the names. Results are
printed as tests/integration/README.md says.
"""
import importlib
import sys

import frames
import harness

for module in ("rfc9113_3_4", "rfc9113_5", "rfc9113_6", "rfc9113_6_flow", "rfc9113_8", "rfc7541"):
    importlib.import_module(module)    # registers its cases

_usual = []


def register(one, tls):
    def tried():
        make = one.options.get("server")
        if make is None and not _usual:
            _usual.append(frames.server())
        options = {k: v for k, v in one.options.items() if k != "server"}
        client = frames.Client(make() if make else _usual[0], tls, **options)
        try:
            one.function(client)
        finally:
            client.close()
    tried.__name__ = f"{one.name} ({'TLS' if tls else 'h2c'})"
    harness.case(tried)


def in_order(one):
    """RFC 9113 before RFC 7541, then by section."""
    words = one.name.split()
    hpack = words[0] == "HPACK"
    section = words[1] if hpack else words[0]
    return hpack, [int(n) for n in section.split(".")]


def main():
    names = [one.name for one in frames.cases]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"names given twice: {twice}"
    frames.cases.sort(key=in_order)
    if "--list" in sys.argv[1:]:
        print("\n".join(one.name for one in frames.cases))
        return
    for one in frames.cases:
        for tls in (False, True):
            register(one, tls)
    harness.main()


main()
