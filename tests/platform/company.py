"""What a company's own commands do beside a release: ``company.py smoke FILE NAME PROMETHEUS``, ``open FILE KIND NAME RUN``, ``tell FILE SUBJECT``.
Each notes in FILE that it was called; the body of a message comes on standard input."""

from __future__ import annotations

import json
import sys
import urllib.parse
import urllib.request


def main() -> None:
    word, file, *told = sys.argv[1:]
    body = sys.stdin.read() if word == "tell" else ""
    with open(file, "a", encoding="utf-8") as kept:
        kept.write(" ".join(told[:1] if word == "smoke" else told) + "\n" + body)
    match word:
        case "smoke":
            name, prometheus = told
            query = urllib.parse.urlencode({"query": f'probe_success{{journey="{name}"}}'})
            with urllib.request.urlopen(f"{prometheus}/api/v1/query?{query}") as answer:
                found = json.load(answer)["data"]["result"]
            values = [one["value"][1] for one in found]
            print(f"{name} answers: {values}")
            raise SystemExit(0 if values == ["1"] else 1)
        case "open":
            kind, name, _ = told
            print(f"opened https://incidents.example.com/{kind}/{name}")


if __name__ == "__main__":
    main()
